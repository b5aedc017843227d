"""OpenStack Swift on this machine's loopback, for one test: account, container, object and proxy server with its S3 API, unpacked by install-test-tools.sh.

usage: swift-server.py FOLDER PROXY_PORT OBJECT_PORT CONTAINER_PORT ACCOUNT_PORT

Access key 'test:tester', secret 'testing'. Ends with its parent's kill.
"""
import os
import sys

folder = sys.argv[1]
ports = dict(zip(("proxy", "object", "container", "account"), map(int, sys.argv[2:6])))

from swift.common import utils  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402

utils.SWIFT_CONF_FILE = os.path.join(folder, "swift.conf")
os.makedirs(os.path.join(folder, "devices", "d1"))


def write(name, text):
    with open(os.path.join(folder, name), "w", encoding="ascii") as file:
        file.write(text)


write("swift.conf", "[swift-hash]\nswift_hash_path_suffix = tests\nswift_hash_path_prefix = tests\n[storage-policy:0]\nname = one\ndefault = yes\n")
common = f"[DEFAULT]\nbind_ip = 127.0.0.1\nworkers = 0\nswift_dir = {folder}\ndevices = {folder}/devices\nmount_check = false\ndisable_fallocate = true\nuser = {os.environ.get('USER', 'root')}\n"
for kind in ("account", "container", "object"):
    builder = RingBuilder(4, 1, 1)
    builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": ports[kind], "device": "d1", "weight": 1, "meta": ""})
    builder.rebalance()
    builder.get_ring().save(os.path.join(folder, f"{kind}.ring.gz"))
    write(f"{kind}.conf", f"{common}bind_port = {ports[kind]}\n[pipeline:main]\npipeline = {kind}-server\n[app:{kind}-server]\nuse = egg:swift#{kind}\n")
filters = ("catch_errors", "proxy-logging", "cache", "listing_formats", "bulk", "s3api", "tempauth", "slo", "dlo", "versioned_writes")
eggs = {"proxy-logging": "proxy_logging", "cache": "memcache"}
more = {"tempauth": "user_test_tester = testing .admin\n", "s3api": "location = us-east-1\n"}
write("proxy.conf", f"{common}bind_port = {ports['proxy']}\n[pipeline:main]\npipeline = {' '.join(filters)} proxy-server\n[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n"
      + "".join(f"[filter:{name}]\nuse = egg:swift#{eggs.get(name, name)}\n{more.get(name, '')}" for name in filters))

from swift.common.storage_policy import reload_storage_policies  # noqa: E402
from swift.common.wsgi import run_wsgi  # noqa: E402

reload_storage_policies()
for kind in ("account", "container", "object"):
    if os.fork() == 0:
        sys.exit(run_wsgi(os.path.join(folder, f"{kind}.conf"), f"{kind}-server"))
sys.exit(run_wsgi(os.path.join(folder, "proxy.conf"), "proxy-server"))
