/* SPDX-License-Identifier: MIT */
/* pump_news.c: what becomes of connections that are made anew: with --reconnect, or by the transport itself. */
#include "pump.h"

static void note(void *context, struct leat_link *link, enum leat_link_state state, const struct leat_error *why)
{
    struct pump_news *news = context;
    (void)link;
    leat_store(&news->now, (uint32_t)state | (uint32_t)(why != NULL ? -why->code : 0) << 8, relaxed); /* relaxed: a number */
}

void pump_news_wanted(struct pump_news *news, struct leat_link_options *link_options)
{
    news->told = LEAT_LINK_OPEN;
    leat_store(&news->now, LEAT_LINK_OPEN, relaxed); /* relaxed: there is no other thread yet */
    link_options->on_state = note;
    link_options->state_context = news;
}

void pump_news_opened(struct pump_news *news, const struct leat_link *link)
{
    uint32_t open = LEAT_LINK_OPEN;
    if (leat_link_state(link) == LEAT_LINK_RECONNECTING) /* unless on_state has said more by now */
        (void)leat_cas(&news->now, &open, LEAT_LINK_RECONNECTING, relaxed, relaxed);
}

static void tell(struct pump *pump, struct pump_news *news, const char *endpoint)
{
    uint32_t now = leat_load(&news->now, relaxed); /* relaxed: a number */
    int code = (int)(now >> 8);
    if (now == news->told)
        return;
    news->told = now;
    pump_progress_erase(pump);
    if ((now & 0xff) == LEAT_LINK_OPEN)
        cli_error("%s: connected again", endpoint);
    else if ((now & 0xff) == LEAT_LINK_RECONNECTING || (now & 0xff) == LEAT_LINK_OPENING)
        cli_error("%s: %s; connecting again", endpoint,
                  code == 0       ? "nobody is there yet"
                  : code == EPIPE ? "the connection has ended"
                                  : strerror(code));
}

void pump_news_tell(struct pump *pump)
{
    tell(pump, &pump->from_news, pump->options.from);
    tell(pump, &pump->to_news, pump->options.to);
}
