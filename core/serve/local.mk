# core/serve: the HTTP endpoint, in its own thread.
noinst_LIBRARIES += core/serve/libserve.a
core_serve_libserve_a_SOURCES = \
	core/serve/serve.h core/serve/snapshot.c core/serve/snapshot.h core/serve/snapshot_heal.c core/serve/snapshot_heal.h \
	core/serve/endpoint.c core/serve/endpoint.h core/serve/listener.c core/serve/listener.h \
	core/serve/clients.c core/serve/clients.h core/serve/request.c core/serve/request.h \
	core/serve/past.c core/serve/past.h core/serve/query.c core/serve/answers.c core/serve/answers.h core/serve/serve_system.h \
	core/serve/facts.c core/serve/facts.h core/serve/json.c core/serve/json.h \
	core/serve/exposition.c core/serve/exposition.h \
	core/serve/render_api.c core/serve/render_heal.c core/serve/render_heal.h core/serve/render_health.c core/serve/render_incidents.c core/serve/render_people.h core/serve/render_why.c core/serve/render_metrics.c core/serve/render_old.c core/serve/render_plan.c core/serve/render_plan.h core/serve/render_status.c \
	core/serve/render_page.c core/serve/page_style.c core/serve/page_style.h
if DARWIN
core_serve_libserve_a_SOURCES += core/serve/serve_darwin.c
else
core_serve_libserve_a_SOURCES += core/serve/serve_linux.c
endif
