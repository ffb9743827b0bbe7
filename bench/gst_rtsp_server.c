/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GStreamer's RTSP server with the given MP4 files as channels /ch/0, /ch/1, …,
 * each shared by its clients: what netra serve is measured beside.
 *   netra-gst-rtsp-server PORT FILE…
 */
#include <gst/rtsp-server/rtsp-server.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	GstRTSPMountPoints *mounts;
	GstRTSPServer *server;

	gst_init(&argc, &argv);
	if (argc < 3) {
		fprintf(stderr, "usage: netra-gst-rtsp-server PORT FILE...\n");
		return 2;
	}
	server = gst_rtsp_server_new();
	gst_rtsp_server_set_address(server, "127.0.0.1");
	gst_rtsp_server_set_service(server, argv[1]);
	mounts = gst_rtsp_server_get_mount_points(server);
	for (int i = 2; i < argc; i++) {
		GstRTSPMediaFactory *factory = gst_rtsp_media_factory_new();
		char text[4096], path[16];

		snprintf(text, sizeof(text), "( filesrc location=\"%s\" ! "
			 "qtdemux ! h264parse config-interval=-1 ! "
			 "rtph264pay name=pay0 pt=96 )", argv[i]);
		snprintf(path, sizeof(path), "/ch/%d", i - 2);
		gst_rtsp_media_factory_set_launch(factory, text);
		gst_rtsp_media_factory_set_shared(factory, TRUE);
		gst_rtsp_mount_points_add_factory(mounts, path, factory);
	}
	g_object_unref(mounts);
	if (!gst_rtsp_server_attach(server, NULL)) {
		fprintf(stderr, "netra: gst-rtsp-server: the port is taken\n");
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	g_main_loop_run(g_main_loop_new(NULL, FALSE));
	return 0;
}
