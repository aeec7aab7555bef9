"""A real Nagios 4 of our own: load definitions, run one check, tell what was stored.

    result = nagios.check(definition, "check_x!-w 10", plugins=[path])

`definition` is the text of command objects; $USER1$ is a folder with copies of `plugins`.
"""
import re
import types

from lab import sandbox

MAIN = """
cfg_file=%(dir)s/definition.cfg
cfg_file=%(dir)s/objects.cfg
resource_file=%(dir)s/resource.cfg
log_file=%(dir)s/nagios.log
object_cache_file=%(dir)s/objects.cache
precached_object_file=%(dir)s/objects.precache
status_file=%(dir)s/status.dat
status_update_interval=1
state_retention_file=%(dir)s/retention.dat
retain_state_information=0
lock_file=%(dir)s/nagios.pid
temp_file=%(dir)s/nagios.tmp
temp_path=%(dir)s
check_result_path=%(dir)s/spool
command_file=%(dir)s/nagios.cmd
query_socket=%(dir)s/nagios.qh
check_external_commands=0
enable_notifications=0
enable_environment_macros=0
service_inter_check_delay_method=n
max_service_check_spread=1
check_for_updates=0
bare_update_check=0
illegal_macro_output_chars=`~$&|'"<>
nagios_user=%(user)s
"""

BASE = """
define timeperiod {
    timeperiod_name 24x7
    alias           always
    sunday          00:00-24:00
    monday          00:00-24:00
    tuesday         00:00-24:00
    wednesday       00:00-24:00
    thursday        00:00-24:00
    friday          00:00-24:00
    saturday        00:00-24:00
}
define command {
    command_name    notify-nobody
    command_line    /bin/true
}
define contact {
    contact_name                    lab
    host_notification_commands      notify-nobody
    service_notification_commands   notify-nobody
    host_notification_period        24x7
    service_notification_period     24x7
    host_notification_options       n
    service_notification_options    n
}
define host {
    name                    generic-host
    register                0
    max_check_attempts      1
    check_period            24x7
    notification_period     24x7
    notification_interval   60
    contacts                lab
    active_checks_enabled   0
}
define service {
    name                    generic-service
    register                0
    max_check_attempts      1
    check_interval          60
    retry_interval          60
    check_period            24x7
    notification_period     24x7
    notification_interval   60
    contacts                lab
}
"""

# One service that runs once at the start and then not for an hour.
CHECK = """
define host {
    use                     generic-host
    host_name               h
    address                 127.0.0.1
}
define service {
    use                     generic-service
    host_name               h
    service_description     s
    check_command           %s
}
"""


def _prepare(box, definition, objects, plugins):
    box.mkdir("spool")
    box.install_all(plugins)
    box.write("definition.cfg", definition)
    box.write("objects.cfg", BASE + objects)
    box.write("resource.cfg", "$USER1$=%s/plugins\n" % box.dir)
    return box.write("nagios.cfg", MAIN % {"dir": box.dir, "user": box.user.pw_name})


def validate(definition, objects="", plugins=()):
    """Only verify the configuration (`nagios4 -v`); returns (exit code, what was printed)."""
    with sandbox.Sandbox("nagios") as box:
        config = _prepare(box, definition, objects, plugins)
        done = box.run([sandbox.find_program("nagios4", "nagios"), "-v", config])
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def _service_status(path):
    """The fields of the only service in status.dat once it has been checked, else None."""
    try:
        with open(path, encoding="utf-8", newline="\n") as status:
            block = re.search(r"^servicestatus \{\n(.*?)^\t\}", status.read(), re.S | re.M)
    except FileNotFoundError:
        return None
    if block is None:
        return None
    fields = dict(line.strip("\t").split("=", 1) for line in block.group(1).split("\n") if "=" in line)
    return fields if fields["has_been_checked"] == "1" else None


def check(definition, command, plugins=(), seconds=20, env=None):
    """Start Nagios, let it run the check once, stop.

    `command` is what stands in check_command. Returns .state, .text (line 1), .long (the lines behind it) and
    .perf (the text as stored).
    """
    with sandbox.Sandbox("nagios") as box:
        config = _prepare(box, definition, CHECK % command, plugins)
        child = box.start([sandbox.find_program("nagios4", "nagios"), config], "console.log", env)
        fields = box.wait_for("a check result", lambda: _service_status(box.path("status.dat")), child, seconds)
    # status.dat writes a newline of the long text as backslash n
    more = fields["long_plugin_output"].split("\\n") if fields["long_plugin_output"] else []
    while more and more[-1] == "":
        more.pop()
    return types.SimpleNamespace(state=int(fields["current_state"]), text=fields["plugin_output"], long=more,
                                 perf=fields["performance_data"])
