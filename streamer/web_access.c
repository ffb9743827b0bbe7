/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may do what: logins, cookies, where a request comes from.
 *
 * A cookie is HttpOnly and SameSite=Strict, so no other site's page can use it;
 * requests that change something and WebSockets must also name us as their
 * origin, if they name one. A body must say that it is JSON: no form can.
 */
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "web_internal.h"

#define COOKIE "netra"
#define COOKIE_S 34560000u	/* 400 days, as long as browsers keep any */

static uint64_t now_ns(void)
{
	return uv_hrtime();
}

bool netra_web_open_to_all(const struct netra_web *web)
{
	return !web->options.users;
}

static void peer_address(struct lws *wsi, uint8_t address[16])
{
	struct sockaddr_storage peer = { 0 };
	socklen_t length = sizeof(peer);

	if (getpeername(lws_get_socket_fd(wsi), (struct sockaddr *)&peer, &length))
		peer.ss_family = AF_UNSPEC;
	netra_throttle_address((struct sockaddr *)&peer, address);
}

/* NULL: wrong, or tried too often: @wait_ms is how long to wait then. */
static const struct netra_user *try_password(struct netra_web *web,
					     struct lws *wsi, const char *name,
					     const char *password,
					     uint64_t *wait_ms)
{
	const struct netra_user *user;
	uint64_t now = now_ns(), until;
	uint8_t address[16];

	*wait_ms = 0;
	peer_address(wsi, address);
	until = netra_throttle_until(web->options.throttle, address);
	if (until > now) {
		*wait_ms = (until - now) / 1000000 + 1;
		return NULL;
	}
	user = netra_users_find(web->options.users, name, strlen(name));
	if (netra_password_right(user, password)) {
		netra_throttle_right(web->options.throttle, address);
		return user;
	}
	netra_throttle_wrong(web->options.throttle, address, now);
	web->unauthorised++;
	return NULL;
}

void netra_web_cookie_token(struct lws *wsi, char token[NETRA_TOKEN_BYTES])
{
	/* Cookies of all other servers on this host come, too. */
	char header[NETRA_WEB_HEAD_MAX];

	if (lws_hdr_copy(wsi, header, sizeof(header), WSI_TOKEN_HTTP_COOKIE) <= 0 ||
	    !netra_web_cookie(header, COOKIE, token, NETRA_TOKEN_BYTES))
		token[0] = '\0';
}

bool netra_web_who(struct netra_web *web, struct lws *wsi,
		   const struct netra_user **user)
{
	char header[1024], token[NETRA_TOKEN_BYTES];
	char name[NETRA_USER_NAME_MAX + 1], password[128];
	uint64_t wait_ms;

	*user = NULL;
	if (netra_web_open_to_all(web))
		return true;
	netra_web_cookie_token(wsi, token);
	if (token[0])
		*user = netra_session_user(&web->sessions, web->options.users,
					   token, now_ns());
	if (!*user &&
	    lws_hdr_copy(wsi, header, sizeof(header),
			 WSI_TOKEN_HTTP_AUTHORIZATION) > 0 &&
	    netra_web_basic(header, name, sizeof(name), password,
			    sizeof(password)))
		*user = try_password(web, wsi, name, password, &wait_ms);
	return *user;
}

bool netra_web_may(const struct netra_web *web, const struct netra_user *user,
		   uint32_t board, uint32_t channel)
{
	if (netra_web_open_to_all(web))
		return true;
	return user && board < NETRA_STREAM_BOARDS_MAX && channel < 64 &&
	       (user->channels[board] >> channel & 1);
}

bool netra_web_from_here(const struct netra_web *web, struct lws *wsi)
{
	char origin[256], host[256];
	int length = lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN);

	if (!length)
		return true;
	return lws_hdr_copy(wsi, origin, sizeof(origin), WSI_TOKEN_ORIGIN) > 0 &&
	       lws_hdr_copy(wsi, host, sizeof(host), WSI_TOKEN_HOST) > 0 &&
	       netra_web_same_origin(origin, host, web->options.certificate);
}

bool netra_web_host_fine(const struct netra_web *web, struct lws *wsi)
{
	char host[256];

	if (!netra_web_open_to_all(web))
		return true;
	return lws_hdr_copy(wsi, host, sizeof(host), WSI_TOKEN_HOST) > 0 &&
	       netra_web_literal_host(host);
}

json_t *netra_web_session_json(const struct netra_web *web,
			       const struct netra_user *user, bool known)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return json_pack("{s:b, s:b, s:s, s:b, s:s, s:I}",
			 "users", !netra_web_open_to_all(web), "known", known,
			 "user", user ? user->name : "",
			 "store", netra_web_records(web),
			 "version", netra_version(), "now_ms",
			 (json_int_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* "HttpOnly" keeps it from scripts, "Secure" from plain connections. */
static void cookie_line(const struct netra_web *web, char *line, size_t size,
			const char *token, unsigned int seconds)
{
	snprintf(line, size, "set-cookie: " COOKIE "=%s; Path=/; HttpOnly; "
		 "SameSite=Strict; Max-Age=%u%s\n", token, seconds,
		 web->options.certificate ? "; Secure" : "");
}

static int wait_answer(struct netra_web_exchange *exchange, uint64_t wait_ms)
{
	char extra[64];

	snprintf(extra, sizeof(extra), "retry-after: %u\n",
		 (unsigned int)((wait_ms + 999) / 1000));
	return netra_web_answer_json(
		exchange, 429,
		json_pack("{s:s, s:I}", "error",
			  "too many wrong passwords: wait, then try again",
			  "wait_ms", (json_int_t)wait_ms), extra);
}

int netra_web_login(struct netra_web_exchange *exchange)
{
	struct netra_web *web = exchange->web;
	const char *name, *password, *token = NULL;
	const struct netra_user *user = NULL;
	uint64_t wait_ms = 0;
	char line[256];
	json_t *body;

	if (netra_web_open_to_all(web))
		return netra_web_fail(exchange, 400, "there are no users: "
				      "everybody may see everything");
	body = json_loadb(exchange->body, exchange->body_length, 0, NULL);
	if (json_unpack(body, "{s:s, s:s}", "user", &name, "password",
			&password) == 0)
		user = try_password(web, exchange->wsi, name, password, &wait_ms);
	else
		wait_ms = UINT64_MAX;
	memset(exchange->body, 0, sizeof(exchange->body));
	json_decref(body);
	if (wait_ms == UINT64_MAX)
		return netra_web_fail(exchange, 400, "the body must be "
				      "{\"user\": …, \"password\": …}");
	if (wait_ms)
		return wait_answer(exchange, wait_ms);
	if (!user)
		return netra_web_fail(exchange, 401, "user or password is "
				      "wrong: try again");
	token = netra_session_begin(&web->sessions, user, now_ns());
	if (!token)
		return netra_web_fail(exchange, 500, "no random numbers");
	/* We say when a session ends: a wall of cameras may run for months. */
	cookie_line(web, line, sizeof(line), token, COOKIE_S);
	return netra_web_answer_json(exchange, 200,
				     netra_web_session_json(web, user, true),
				     line);
}

int netra_web_logout(struct netra_web_exchange *exchange)
{
	struct netra_web *web = exchange->web;
	char token[NETRA_TOKEN_BYTES], line[256];

	netra_web_cookie_token(exchange->wsi, token);
	if (token[0]) {
		netra_session_end(&web->sessions, token);
		netra_web_socket_end(web, token);
	}
	cookie_line(web, line, sizeof(line), "", 0);
	return netra_web_answer_json(
		exchange, 200,
		netra_web_session_json(web, NULL, netra_web_open_to_all(web)),
		line);
}
