/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of netra serve: listening, and what they are called. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve.h"
#include "streamer/service.h"

#define BACKLOG 128

/* "HOST:PORT", "[HOST]:PORT", ":PORT" in place. Return: 0, or -1. */
static int split(char *text, char **host, char **port)
{
	char *colon = strrchr(text, ':');

	if (!colon || !colon[1] ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
	    strtoul(colon + 1, NULL, 10) > 65535)
		return -1;
	*colon = '\0';
	*port = colon + 1;
	*host = text;
	if (text[0] == '[' && colon > text + 1 && colon[-1] == ']') {
		colon[-1] = '\0';
		*host = text + 1;
	} else if (strchr(text, ':')) {
		return -1;
	}
	return 0;
}

bool serve_name_address(struct serve *s, int fd, const char *scheme, char *text,
			size_t size)
{
	struct sockaddr_storage own = { 0 };
	socklen_t length = sizeof(own);
	char host[INET6_ADDRSTRLEN + 16], port[8], name[HOST_NAME_MAX + 1];
	bool any;

	if (getsockname(fd, (struct sockaddr *)&own, &length) ||
	    getnameinfo((struct sockaddr *)&own, length, host, sizeof(host),
			port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		return false;
	any = strcmp(host, "::") == 0 || strcmp(host, "0.0.0.0") == 0;
	if (strcmp(host, "::1") != 0 && strncmp(host, "127.", 4) != 0)
		s->exposed = true;
	if (any && !gethostname(name, sizeof(name)) && *name)
		snprintf(host, sizeof(host), "%.60s", name);
	snprintf(text, size, strchr(host, ':') ? "%s://[%.70s]:%s" :
						 "%s://%.70s:%s",
		 scheme, host, port);
	return true;
}

/* Remember how players reach what @fd listens on. */
static void name_address(struct serve *s, int fd, bool tls)
{
	if (s->addresses < sizeof(s->address) / sizeof(s->address[0]) &&
	    serve_name_address(s, fd, tls ? "rtsps" : "rtsp",
			       s->address[s->addresses],
			       sizeof(s->address[0])))
		s->addresses++;
}

static int add_socket(struct serve *s, int fd, bool tls)
{
	int code = netra_rtsp_listen(s->rtsp, fd, tls);

	if (code) {
		cli_error("socket %d: %s: check the service's sockets", fd,
			  uv_strerror(code));
		return CLI_FAILED;
	}
	name_address(s, fd, tls);
	return CLI_OK;
}

static int open_listener(const struct addrinfo *info)
{
	int on = 1, off = 0, number;
	int fd = socket(info->ai_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (info->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (!bind(fd, info->ai_addr, info->ai_addrlen) && !listen(fd, BACKLOG))
		return fd;
	number = errno;
	close(fd);
	errno = number;
	return -1;
}

static int listen_one(struct serve *s, const char *option, char *text,
		      int (*add)(struct serve *s, int fd, bool tls), bool tls)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE,
					.ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL, *info;
	char *host, *port, shown[128];
	int status = CLI_FAILED, number = 0;

	snprintf(shown, sizeof(shown), "%s", text);
	if (split(text, &host, &port)) {
		cli_error("--%s %s: not an address: write it like :8554, "
			  "192.0.2.1:8554 or [::1]:8554", option, shown);
		return CLI_USAGE;
	}
	if (!*host)
		host = "::";
	if (getaddrinfo(host, port, &hints, &list)) {
		cli_error("--%s %s: no such address here: 'ip address' shows "
			  "those there are", option, shown);
		return CLI_FAILED;
	}
	for (info = list; info; info = info->ai_next) {
		int fd = open_listener(info);

		/* All addresses of a machine without IPv6. */
		if (fd < 0 && errno == EAFNOSUPPORT && strcmp(host, "::") == 0) {
			struct sockaddr_in v4 = { .sin_family = AF_INET };
			struct addrinfo other = {
				.ai_family = AF_INET,
				.ai_addr = (struct sockaddr *)&v4,
				.ai_addrlen = sizeof(v4),
			};

			v4.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
			fd = open_listener(&other);
		}
		if (fd >= 0) {
			status = add(s, fd, tls);
			continue;
		}
		number = errno;
		/* A name may have addresses that this machine lacks: one will do. */
		if (number == EADDRNOTAVAIL || number == EAFNOSUPPORT)
			continue;
		status = CLI_FAILED;
		break;
	}
	freeaddrinfo(list);
	if (status && number)
		cli_error("--%s %s: %s: choose another address or port", option,
			  shown, strerror(number));
	return status;
}

int serve_listen_all(struct serve *s, const char *option, const char *text,
		     int (*add)(struct serve *s, int fd, bool tls), bool tls)
{
	char list[512], *rest = list, *part;
	int status = CLI_OK;

	if (strcmp(text, "none") == 0)
		return CLI_OK;
	snprintf(list, sizeof(list), "%s", text);
	while (!status && (part = strsep(&rest, ",")))
		status = listen_one(s, option, part, add, tls);
	return status;
}

int serve_listen(struct serve *s)
{
	const struct serve_options *o = &s->options;
	const char *rtsp = o->rtsp;
	unsigned int given = 0;
	char name[32];
	int fd, status;

	for (unsigned int i = 0;
	     (fd = netra_service_socket(i, name)) >= 0; i++) {
		bool tls = strcmp(name, "rtsps") == 0;

		if (tls && !s->tls) {
			cli_error("socket rtsps: TLS takes a certificate: add "
				  "--cert FILE and --key FILE");
			return CLI_USAGE;
		}
		if (strcmp(name, "web") == 0)
			continue;
		if (add_socket(s, fd, tls))
			return CLI_FAILED;
		given++;
	}
	if (!rtsp)
		rtsp = given ? "none" : o->users ? ":8554" : "localhost:8554";
	status = serve_listen_all(s, "rtsp", rtsp, add_socket, false);
	if (!status && o->rtsps)
		status = serve_listen_all(s, "rtsps", o->rtsps, add_socket, true);
	if (!status && !s->addresses && o->web && strcmp(o->web, "none") == 0) {
		cli_error("serve: no address to listen on: give --rtsp, "
			  "--rtsps or --web");
		status = CLI_USAGE;
	}
	return status;
}

int serve_multicast(const struct serve_options *o,
		    struct netra_rtsp_options *rtsp)
{
	char text[64], *host, *port;
	unsigned long number;

	if (!o->multicast)
		return CLI_OK;
	snprintf(text, sizeof(text), "%s", o->multicast);
	if (split(text, &host, &port) ||
	    inet_pton(AF_INET, host, &rtsp->group) != 1 ||
	    !IN_MULTICAST(ntohl(rtsp->group.s_addr))) {
		cli_error("--multicast %s: not a group and port: write it like "
			  "239.255.42.0:5004", o->multicast);
		return CLI_USAGE;
	}
	number = strtoul(port, NULL, 10);
	if (!number || number & 1 || number > 65534) {
		cli_error("--multicast %s: RTP wants an even port: like 5004",
			  o->multicast);
		return CLI_USAGE;
	}
	rtsp->group_port = (uint16_t)number;
	if (o->multicast_interface &&
	    inet_pton(AF_INET, o->multicast_interface, &rtsp->interface) != 1) {
		cli_error("--multicast-interface %s: not an IPv4 address: "
			  "'ip address' shows those there are",
			  o->multicast_interface);
		return CLI_USAGE;
	}
	rtsp->has_interface = o->multicast_interface != NULL;
	rtsp->multicast = true;
	rtsp->ttl = (uint8_t)o->ttl;
	return CLI_OK;
}
