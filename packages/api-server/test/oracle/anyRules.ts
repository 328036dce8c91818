/** Rules of schemas: expressions that mostly compile, and all functions that the original knows. */
import type { Chance } from "./chance.ts"

type Schema = Record<string, unknown>

const forms: Record<string, ReadonlyArray<string>> = {
  bool: [
    "true", "false", "{int} < {int}", "{int} >= {int}", "{double} > {double}", "{string} < {string}", "{string} == {string}", "{int} == {int}", "{self} == {self}", "{self} != oldSelf",
    "{bool} && {bool}", "{bool} || {bool}", "!({bool})", "({bool}) ? ({bool}) : ({bool})", "{string}.startsWith({string})", "{string}.endsWith({string})", "{string}.contains({string})",
    "{string}.matches({pattern})", "{string} in {strings}", "{int} in {ints}", "{strings}.all(x, x {op} {string})", "{ints}.exists(x, x > {int})", "{ints}.exists_one(x, x == {int})", "{strings}.exists(x, x.startsWith({string}))",
    "{ints}.isSorted()", "{strings}.isSorted()", "isURL({string})", "isIP({string})", "isCIDR({string})", "isQuantity({string})", "isSemver({string})", "ip.isCanonical({ip})", "{has}",
    "{ipv}.isLoopback()", "{ipv}.isGlobalUnicast()", "{ipv}.isUnspecified()", "{cidrv}.containsIP({ip})", "{cidrv}.containsCIDR({cidr})", "{q}.isGreaterThan({q})", "{q}.isLessThan({q})", "{q}.isInteger()",
    "{q}.compareTo({q}) == {int}", "{sv}.isLessThan({sv})", "{sv}.isGreaterThan({sv})", "{time} < {time}", "{dur} > {dur}", "{bytes} == {bytes}", "type({any}) == type({any})", "{any} == {any}", "{any} != {any}", "{any} in {any}",
    "optional.of({int}).hasValue()", "optional.none().orValue({bool})", "{ints}[?0].hasValue()", "{stringmap}.all(k, {stringmap}[k] == {string})", "{stringmap}.exists(k, k == {string})", "'a' in {stringmap}", "{sets}", "format.dns1123Label().validate({string}).hasValue()",
    "self.all(x, {bool})", "self.exists(k, k != {any})", "{any}", "dyn({any}) == {any}", "{strings} == {strings}", "{ints} == {ints}", "{ints}.all(i, {ints}.all(j, i <= j))", "{stringmap}.all(k, v, k != v)", "{strings}.existsOne(i, v, i == 0)"
  ],
  has: ["has(self.a)", "has(self.b)", "has(self.name)", "has(self.value)", "has(self.x__dot__y)", "has(self.a.b)", "has(oldSelf.a)", "has(self.type)"],
  self: ["self", "self.a", "self.b", "self.c", "self.name", "self.type", "self.value", "self.replicas", "self.a__dash__b", "self.x__dot__y", "oldSelf", "self[0]", "self['a']", "self[?'a']", "self.?a", "self.?a.orValue(1)", "oldSelf.a", "self.nothing", "nothing", "self.metadata.name", "self.__if__"],
  int: ["1", "0", "-1", "7", "9223372036854775807", "int('5')", "int(2.7)", "int({string})", "{string}.size()", "size({strings})", "size({string})", "{int} + {int}", "{int} - {int}", "{int} * {int}", "{int} / {int}", "{int} % {int}", "-({int})", "{ints}.sum()", "{ints}.max()", "{ints}.min()", "{string}.indexOf({string})", "{string}.lastIndexOf({string})", "{ints}.indexOf({int})", "{ints}[0]", "{ipv}.family()", "{cidrv}.prefixLength()", "{q}.sign()", "{q}.asInteger()", "{sv}.major()", "{time}.getFullYear()", "{time}.getHours('America/New_York')", "{dur}.getSeconds()", "size(self)", "{self}", "int({time})", "{stringmap}.size()", "uint(3)", "3u", "{ints}.filter(x, x > 1).size()", "size({ints}.map(x, x * 2))", "cel.bind(x, 1, x)", "math.greatest(1, 2)", "{string}.find('[0-9]+').size()", "0x1F", "1e3", "{int}.foo()"],
  double: ["1.0", "2.5", "double({int})", "double('1.5')", "{double} + {double}", "{double} / {double}", "{double} * {double}", "-{double}", "1e300", "{q}.asApproximateFloat()", "{self}", "{int}"],
  string: ["'a'", "''", "'abc'", "\"x y\"", "'日本'", "r'\\d'", "b'abc'", "string({int})", "string({double})", "string({bool})", "{string} + {string}", "{string}.lowerAscii()", "{string}.upperAscii()", "{string}.trim()", "{string}.replace('a', 'b')", "{string}.replace({string}, {string}, {int})", "{string}.substring(0, 1)", "{string}.substring({int})", "{string}.charAt({int})", "{strings}.join(',')", "{strings}.join()", "{strings}[0]", "{string}.find({pattern})", "'%s-%d'.format([{string}, {int}])", "'%v'.format([{any}])", "'%.3f'.format([{double}])", "'%x %X %o %b %e'.format([{int}, {int}, {int}, {int}, {double}])", "url('http://a.b:80/c?d=e').getHost()", "url({string}).getScheme()", "string({ipv})", "string({dur})", "string({time})", "{string}.reverse()", "strings.quote({string})", "self", "{self}", "string({self})", "string({bytes})", "duration('1h').getHours()", "'''multi\nline'''", "'bad\\q'"],
  strings: ["['a', 'b']", "[]", "['c', 'a']", "{string}.split(',')", "{string}.split('')", "{string}.findAll({pattern})", "{string}.findAll('a', 1)", "{strings} + {strings}", "{strings}.map(x, x + 'z')", "{strings}.filter(x, x != 'a')", "{self}", "[{string}, {string}]", "{strings}.map(x, x != 'a', x)", "['a', 1]", "{strings}.slice(0, 1)", "{strings}.sort()", "{strings}.distinct()", "{stringmap}.map(k, k)"],
  ints: ["[1, 2, 3]", "[]", "[3, 1]", "{ints} + {ints}", "{ints}.map(x, x + 1)", "{ints}.filter(x, x % 2 == 0)", "[{int}]", "{self}", "[1, ?optional.of(2)]", "[1, 'a']"],
  stringmap: ["{'a': 'b'}", "{}", "{'a': {string}, 'c': {string}}", "{self}", "{?'a': optional.none(), 'b': 'c'}", "{1: 'a'}"],
  pattern: ["'^[a-z]+$'", "'a.*'", "'('", "'[0-9]{1,3}'", "self", "''", "'\\\\d'"],
  op: ["==", "!=", "<", ">="],
  ip: ["'1.2.3.4'", "ip('127.0.0.1')", "'::1'", "{string}", "'010.0.0.1'"],
  ipv: ["ip('127.0.0.1')", "ip('::1')", "ip('fe80::1%eth0')", "ip({string})", "cidr('10.1.2.3/8').ip()", "cidr('10.1.2.3/8').masked().ip()"],
  cidr: ["'10.0.0.0/8'", "cidr('10.1.0.0/16')", "'::/0'", "{string}"],
  cidrv: ["cidr('10.0.0.0/8')", "cidr('2001:db8::/32')", "cidr({string})", "cidr('10.0.0.1')"],
  q: ["quantity('1')", "quantity('1.5Gi')", "quantity('100m')", "quantity({string})", "{q}.add({q})", "{q}.sub(quantity('2k'))", "{q}.add({int})", "quantity('-1e3')"],
  sv: ["semver('1.2.3')", "semver('1.2.3-rc.1+b')", "semver({string})", "semver('v1.2', true)"],
  time: ["timestamp('2026-01-01T00:00:00Z')", "timestamp('2026-06-15T12:30:45.123+02:00')", "timestamp({string})", "{time} + {dur}", "timestamp({int})"],
  dur: ["duration('1h')", "duration('90s')", "duration({string})", "{time} - {time}", "{dur} + {dur}", "duration('-1.5h')"],
  bytes: ["b'abc'", "bytes('é')", "bytes({string})", "b'\\xff'"],
  sets: ["sets.contains({ints}, {ints})", "sets.equivalent({strings}, {strings})", "sets.intersects({ints}, [1])"],
  any: ["{int}", "{string}", "{bool}", "{double}", "{strings}", "{ints}", "{stringmap}", "null", "{self}", "{q}", "{dur}", "{time}", "{bytes}", "int", "optional.of({int})", "{ipv}", "{sv}"]
}

const write = (chance: Chance, kind: string, depth: number): string => {
  const choices = forms[kind]!
  const flat = choices.filter((it) => !it.includes("{") || /^\{\W/.test(it) || it === "{}" || it.startsWith("{'") || it.startsWith("{1"))
  const form = depth <= 0 && flat.length > 0 ? chance.pick(flat) : chance.pick(choices)
  return form.replace(/\{([a-z]+)\}/g, (_, name: string) => write(chance, name, depth - 1))
}

/** What `self` may be called to be of a kind, by the type of its schema. */
const selfKinds: Record<string, string> = { string: "string", integer: "int", number: "double", boolean: "bool" }

/** One expression over values of a schema. */
export const anyExpression = (chance: Chance, schema: Schema): string => {
  const text = write(chance, "bool", chance.pick([0, 1, 1, 2, 3]))
  const kind = selfKinds[schema["type"] as string]
  if (kind === undefined || !chance.oneIn(3)) return text
  return chance.pick<string>([
    `self == ${write(chance, kind, 1)}`, `self != oldSelf`, `${write(chance, kind, 1)} == self || ${text}`, `[self].all(x, x == ${write(chance, kind, 1)})`
  ])
}

/** Rules for values of a schema. */
export const anyRules = (chance: Chance, schema: Schema): ReadonlyArray<object> =>
  chance.list(3, () => ({
    rule: anyExpression(chance, schema),
    ...(chance.oneIn(4) ? { message: chance.pick(["must fit", "no good", " x ", ""]) } : {}),
    ...(chance.oneIn(5) ? { messageExpression: write(chance, "string", 2) } : {}),
    ...(chance.oneIn(6) ? { reason: chance.pick(["FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired", "FieldValueDuplicate"]) } : {}),
    ...(chance.oneIn(8) ? { fieldPath: chance.pick([".a", ".a.b", "['x.y']", ".name", "a"]) } : {}),
    ...(chance.oneIn(5) ? { optionalOldSelf: !chance.oneIn(3) } : {})
  }))
