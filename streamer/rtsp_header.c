/* SPDX-License-Identifier: BSD-2-Clause */
#include "rtsp_header.h"

#include <string.h>
#include <strings.h>

static bool begins(struct netra_text text, const char *word)
{
	size_t length = strlen(word);

	return text.length >= length &&
	       strncasecmp(text.data, word, length) == 0;
}

static void drop(struct netra_text *text, size_t count)
{
	text->data += count;
	text->length -= count;
}

/* "rtsp://host:port" goes, and a query. */
static struct netra_text path_of(struct netra_text uri)
{
	size_t scheme = begins(uri, "rtsp://") ? 7 :
			begins(uri, "rtsps://") ? 8 : 0;
	const char *end;

	if (scheme) {
		drop(&uri, scheme);
		while (uri.length && uri.data[0] != '/')
			drop(&uri, 1);
	}
	end = memchr(uri.data, '?', uri.length);
	if (end)
		uri.length = (size_t)(end - uri.data);
	return uri;
}

bool netra_rtsp_parse_path(struct netra_text uri, struct netra_rtsp_path *path)
{
	struct netra_text rest = path_of(uri), part;

	memset(path, 0, sizeof(*path));
	if (!rest.length || rest.data[0] != '/')
		return false;
	drop(&rest, 1);
	part = netra_text_cut(&rest, '/');
	if (netra_text_same(part, "board")) {
		if (!netra_text_number(netra_text_cut(&rest, '/'), 255,
				       &path->board))
			return false;
		part = netra_text_cut(&rest, '/');
	}
	if (!netra_text_same(part, "ch") ||
	    !netra_text_number(netra_text_cut(&rest, '/'), 255, &path->channel))
		return false;
	part = netra_text_cut(&rest, '/');
	path->to_ns = INT64_MAX;
	if (netra_text_same(part, "from")) {
		path->recorded = true;
		if (!netra_rtsp_parse_clock(netra_text_cut(&rest, '/'),
					    &path->from_ns))
			return false;
		part = netra_text_cut(&rest, '/');
	}
	if (path->recorded && netra_text_same(part, "to")) {
		if (!netra_rtsp_parse_clock(netra_text_cut(&rest, '/'),
					    &path->to_ns) ||
		    path->to_ns <= path->from_ns)
			return false;
		part = netra_text_cut(&rest, '/');
	}
	path->track = netra_text_same(part, "track0");
	return (path->track || !part.length) && !rest.length;
}

/* "a-b" or "a"; the second is then the next one. */
static bool parse_pair(struct netra_text text, uint32_t max, uint32_t pair[2])
{
	struct netra_text first = netra_text_cut(&text, '-');

	if (!netra_text_number(first, max, &pair[0]))
		return false;
	pair[1] = pair[0] + 1;
	return text.length ? netra_text_number(text, max, &pair[1]) :
			     pair[1] <= max;
}

bool netra_rtsp_next_transport(struct netra_text *rest,
			       struct netra_rtsp_transport *transport)
{
	struct netra_text spec, profile;
	bool unicast = false;

	memset(transport, 0, sizeof(*transport));
	if (!rest->length)
		return false;
	spec = netra_text_cut(rest, ',');
	profile = netra_text_cut(&spec, ';');
	transport->tcp = netra_text_is(profile, "RTP/AVP/TCP");
	transport->known = transport->tcp || netra_text_is(profile, "RTP/AVP") ||
			   netra_text_is(profile, "RTP/AVP/UDP");
	while (spec.length) {
		struct netra_text value = netra_text_cut(&spec, ';');
		struct netra_text name = netra_text_cut(&value, '=');
		uint32_t pair[2] = { 0 };

		if (netra_text_is(name, "unicast")) {
			unicast = true;
		} else if (netra_text_is(name, "multicast")) {
			transport->multicast = true;
		} else if (netra_text_is(name, "mode")) {
			if (!netra_text_is(value, "PLAY") &&
			    !netra_text_is(value, "\"PLAY\""))
				transport->known = false;
		} else if (netra_text_is(name, "client_port")) {
			transport->has_ports = parse_pair(value, 65535, pair);
			transport->known &= transport->has_ports && pair[0] &&
					    pair[1];
			transport->port[0] = (uint16_t)pair[0];
			transport->port[1] = (uint16_t)pair[1];
		} else if (netra_text_is(name, "interleaved")) {
			transport->has_interleaved = parse_pair(value, 255,
								pair);
			transport->known &= transport->has_interleaved &&
					    pair[0] != pair[1];
			transport->interleaved[0] = (uint8_t)pair[0];
			transport->interleaved[1] = (uint8_t)pair[1];
		}
	}
	if (unicast && transport->multicast)
		transport->known = false;
	/* UDP to one receiver needs to know where. */
	if (!transport->tcp && !transport->multicast && !transport->has_ports)
		transport->known = false;
	if (transport->tcp && transport->multicast)
		transport->known = false;
	return true;
}

static struct netra_text unquote(struct netra_text text)
{
	if (text.length >= 2 && text.data[0] == '"' &&
	    text.data[text.length - 1] == '"') {
		text.data++;
		text.length -= 2;
	}
	return text;
}

bool netra_rtsp_parse_digest(struct netra_text field,
			     struct netra_rtsp_credentials *credentials)
{
	const struct {
		const char *name;
		struct netra_text *value;
	} fields[] = {
		{ "username", &credentials->user },
		{ "realm", &credentials->realm },
		{ "nonce", &credentials->nonce },
		{ "uri", &credentials->uri },
		{ "response", &credentials->response },
		{ "algorithm", &credentials->algorithm },
		{ "cnonce", &credentials->cnonce },
		{ "nc", &credentials->nc },
		{ "qop", &credentials->qop },
	};

	memset(credentials, 0, sizeof(*credentials));
	if (!netra_text_is(netra_text_cut(&field, ' '), "Digest"))
		return false;
	while (field.length) {
		struct netra_text value = netra_text_cut(&field, ',');
		struct netra_text name = netra_text_cut(&value, '=');

		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if (netra_text_is(name, fields[i].name))
				*fields[i].value = unquote(value);
	}
	return credentials->user.length && credentials->nonce.length &&
	       credentials->uri.length && credentials->response.length;
}
