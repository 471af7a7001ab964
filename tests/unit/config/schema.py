"""Holds a JSON Schema of configurations against its own standard, good files and bad ones. Usage: schema.py SCHEMA FOLDER; 77: the modules are missing."""
import glob
import json
import os
import sys

try:
    import jsonschema
    import yaml
except ImportError:
    sys.exit(77)

GOOD = [
    "null",
    "{}",
    "listen: 127.0.0.1:9999",
    "defaults: {every: 1h30m, timeout: '${vars.t}', tcp: {warn_after: 500ms, every: 5s}, fail_after: 3}",
    "services: {a: {checks: {x: {load: {}}, y: {redis: {address: 'a:1'}, every: 0.5s, witness: true}}}}",
    "services: {a: {needs: [b, {any: [c, d]}], enabled: false}}",
    "services: {a: {needs: {any: [c, d]}, enabled: false}}",
    "services: {a: {checks: {x: {exec: {command: uptime}}, y: {exec: {command: [a, 1, true], env: {A: 1}}}}}}",
    "services: {a: {checks: {x: {http: {url: x, tls: {insecure: true}, expect_status: [200, 2xx]}}}}}",
    "services: {a: {checks: {x: {orchid.tcp: {port: 22, sock: /x}}}}}",
    "services: {a: {checks: {x: {disk: {path: '${each}'}, for_each: [/, /var]}}}}",
    "secrets: {a: {command: [lease, a], ttl: 30m}, b: {env: B, json: data.value}}",
    "plugins: {mine: {path: ./mine.so}, other: {command: [python3, x.py]}, redis: {host: own}}",
    "paths: {lima: {concurrent: 8}}",
    "log: {level: debug, rotate: 10MiB}",
    "remediation: {at_most: 10 per 1h}\nstorm: 60%",
    "service: a\nchecks: {x: {load: {}}}",
    "runbook: r",
    "runbook: r\nsteps: [{wait: 5s}, {verify: web.up}, {do: {greenhouse.delete-pod: {name: '${params.x}'}}, timeout: 5s, on_failure: continue}]",
    "runbook: r\nsteps: [{collect: {load: {}}}, {if: a.b failed, then: [{until: {checks: [subject], within: 5s, hard: a.b stopped}}]}]",
    "runbook: r\nlimits: {attempts: 2, cooldown: 0, at_most: 3 per 6h, confirm: {ticks: 2, or: {tries: 6}}, locks: [a]}\nverify: {passes: 3, every: 1s}",
    "service: a\nenabled: false\nheal: [{when: x failed, run: y, with: {a: 1}}]",
]

BAD = [
    "runbook: r\nstep: []",
    "runbook: r\nsteps: [{wait: 5s, verify: web.up}]",
    "runbook: r\nsteps: [{}]",
    "runbook: r\nsteps: [{do: {greenhouse.delete-pods: {name: x}}}]",
    "runbook: r\nsteps: [{do: {greenhouse.delete-pod: {}}}]",
    "runbook: r\nsteps: [{do: {load: {}}}]",
    "runbook: r\nsteps: [{until: {checks: [a.b]}}]",
    "runbook: r\nimpact: high",
    "runbook: r\nlimits: {cooldwn: 5s}",
    "[]",
    "listn: 127.0.0.1:9999",
    "listen: [a]",
    "defaults: {every: 5}",
    "defaults: {every: soon}",
    "defaults: {witness: true}",
    "defaults: {fail_after: 0}",
    "defaults: {tcp: {adress: x}}",
    "services: {A: {enabled: false}}",
    "services: {a: {critical: maybe}}",
    "services: {a: {checks: {x: {redis: {}}}}}",
    "services: {a: {checks: {x: {redis: {adress: 'a:1'}}}}}",
    "services: {a: {checks: {x: {reddis: {address: 'a:1'}}}}}",
    "services: {a: {checks: {x: {load: {}, evry: 5s}}}}",
    "services: {a: {checks: {x: {load: {warn: many}}}}}",
    "services: {a: {checks: {x: {disk: {warn: 101}}}}}",
    "services: {a: {checks: {x: {http: {url: x, http2: outo}}}}}",
    "services: {a: {checks: {x: {http: {url: x, tls: {server: x}}}}}}",
    "services: {a: {checks: {x: {greenhouse.delete-pod: {name: x}}}}}",
    "services: {a: {checks: {x: {greenhouse.workload: {name: x, events: [{within: 5m}]}}}}}",
    "secrets: {a: {env: A, file: B}}",
    "secrets: {a: hunter2}",
    "paths: {lima: {}}",
    "log: {level: warning}",
    "storm: 60",
    "service: A",
    "service: a\nlisten: 127.0.0.1:9999",
    "service: a\nheal: [{when: x failed}]",
]


def files(folder):
    for path in [os.path.join(folder, "talon.yaml")] + sorted(glob.glob(os.path.join(folder, "checks", "*.yaml"))):
        with open(path, encoding="utf-8") as file:
            yield path, yaml.safe_load(file)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    kind = jsonschema.Draft202012Validator
    kind.check_schema(schema)
    validator = kind(schema)
    wrong = 0
    for name, content in [(text, yaml.safe_load(text)) for text in GOOD] + list(files(sys.argv[2])):
        for error in validator.iter_errors(content):
            print("refused: %s\n  at %s: %s" % (name, list(error.absolute_path), error.message[:300]))
            wrong += 1
    for text in BAD:
        if validator.is_valid(yaml.safe_load(text)):
            print("not refused: %s" % text)
            wrong += 1
    sys.exit(1 if wrong else 0)


main()
