// What of a function can travel to another thread: its text, the names it needs, the refusals.
import { describe, expect, test } from '@jest/globals';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { checkFunction, checkSource } from '../../wasm/js/functions/check.js';
import { freeVariables, outsideReferences } from '../../wasm/js/functions/free-variables.js';
import { knownGlobals } from '../../wasm/js/functions/known-globals.js';
import { functionSource } from '../../wasm/js/functions/source.js';
import { FunctionError } from '../../wasm/js/errors.js';
import { compile, traitsOf } from '../../wasm/js/functions/compile.js';
import { describe as shipment } from '../../wasm/js/functions/ship.js';
import { spin as ownSpin } from '../../wasm/js/sleep.js';
import { delayed, FunctionError as PublicFunctionError, sleep, spin } from 'heddle';
import { rejection, ways } from './ways.mjs';

const text = (fn) => Function.prototype.toString.call(fn);
const names = (source) => freeVariables(source).map((use) => use.name);
const outside = (source) => outsideReferences(source).map((use) => use.name);

/** The function as a worker sees it: only its text is left, evaluated as strict code. */
const shipped = (fn, scope = {}) =>
  new Function(...Object.keys(scope), `"use strict"; return (${functionSource(fn).source});`)(
    ...Object.values(scope),
  );

/** A function of sloppy code, which an ES module such as this cannot contain. */
const sloppy = (source) => new Function(`return (${source});`)();

const refusal = (fn, options) => {
  try {
    checkFunction(fn, options);
  } catch (error) {
    expect(error).toBeInstanceOf(FunctionError);
    return error.message;
  }
  throw new Error('was not refused');
};

// Private names are only reachable through their class.
class Counter {
  #step = 2;
  #add(x) {
    return x + this.#step;
  }
  #twice(x) {
    return 2 * x;
  }
  static add = new Counter().#add;
  static twice = new Counter().#twice;
  static get = (o) => o;
  static static(x) {
    return x;
  }
  toString() {
    return super.toString();
  }
}

describe('freeVariables', () => {
  test.each([
    ['a name that nobody declares', '(x) => x * scale', ['scale']],
    ['a name used twice once', '(x) => scale * x + scale', ['scale']],
    ['names in order of position', '() => [b, a, c, a]', ['b', 'a', 'c']],
    ['a variable that is only written', '(x) => { total = x; }', ['total']],
    ['a variable that is only counted', '() => { count++; }', ['count']],
    ['a variable that is only destructured into', '(o) => { ({ a, b: [c] } = o); }', ['a', 'c']],
    ['the value of a shorthand property', '() => ({ scale })', ['scale']],
    ['what an object spreads', '(x) => ({ ...x, ...base })', ['base']],
    ['what a template interpolates', '(x) => `${x} ${unit}`', ['unit']],
    ['the tag of a template', '(x) => sql`${x}`', ['sql']],
    ['the object of an optional chain, not its properties', '() => table?.[row]?.cell?.()', ['table', 'row']],
    ['a computed property name', '() => ({ [key]: 1, other: 2 })', ['key']],
    ['a computed method name inside', '() => ({ [key](x) { return x; } })', ['key']],
    ['the class that a class extends', '() => class extends Base {}', ['Base']],
    ['a name in a class field', '() => class { x = start; static y = end; }', ['start', 'end']],
    ['a name in a static block', '() => class { static { boot(); } }', ['boot']],
    ['a name in a nested closure', '(x) => () => () => x + y', ['y']],
    ['a name outside the block that declares it', '() => { { let a = 1; } return a; }', ['a']],
    ['a function outside the block that declares it, as strict code does', '() => { { function g() {} } return g(); }', ['g']],
    ['a catch binding used after its block', '() => { try { f(); } catch (e) { e; } return e; }', ['f', 'e']],
    ['a default that names a variable of the body', '(a = b) => { var b = 1; return a; }', ['b']],
    ['a name after a regular expression with braces and quotes', '(s) => s.replace(/[{}"\'`/]/g, by)', ['by']],
    ['`arguments` of an arrow function', '() => arguments[0]', ['arguments']],
    ['a direct call of eval', '(s) => eval(s)', ['eval']],
    ['a recursive arrow function, which has no name inside', '(n) => (n < 2 ? 1 : n * fact(n - 1))', ['fact']],
    ['a method that calls its bare name', 'fact(n) { return n < 2 ? 1 : n * fact(n - 1); }', ['fact']],
    ['`async` where it is an identifier', '(x) => async(x)', ['async']],
    ['`get`, `set`, `of` and `static`-like words where they are identifiers', '() => get(set, of)', ['get', 'set', 'of']],
    ['an identifier with letters beyond ASCII', '(x) => x * größe', ['größe']],
    ['an escaped identifier by its plain name', '(x) => x * sc\\u0061le', ['scale']],
  ])('reports %s', (_title, source, expected) => {
    expect(names(source)).toEqual(expected);
  });

  test.each([
    ['parameters', '(a, [b, , c], { d, e: f, ...g }, ...h) => [a, b, c, d, f, g, h]'],
    ['a default that uses an earlier parameter', '(a, b = a, { c = b } = {}) => c'],
    ['a destructuring that renames', '(o) => { const { a: b, ["c"]: d = b } = o; return b + d; }'],
    ['property names', '(o) => o.a.b + o["c"]'],
    ['keys of an object', '() => ({ a: 1, "b": 2, 3: 3 })'],
    ['a `var` used before and outside its block', '() => { x = 1; if (x) { var x = 2; } return x; }'],
    ['a function used before its declaration', '() => { return f(); function f() { return 1; } }'],
    ['the name of a function expression', 'function fact(n) { return n < 2 ? 1 : n * fact(n - 1); }'],
    ['the name of a class expression inside', '() => class A { static make() { return new A(); } }'],
    ['a variable that shadows', '(x) => { const scale = 2; return [1].map((scale) => scale) + scale; }'],
    ['labels', '() => { outer: for (;;) { for (;;) { break outer; } } }'],
    ['a catch binding', '() => { try { return 1; } catch ({ message: m }) { return m; } }'],
    ['a catch without binding', '() => { try { return 1; } catch { return 2; } }'],
    ['loop variables', '(o) => { for (const [k, v] of o) { k + v; } for (let i = 0; i < 3; i++) i; }'],
    ['the arguments of a function', 'function () { return arguments.length; }'],
    ['the arguments of a function around an arrow function', 'function () { return () => arguments[0]; }'],
    ['a name only under typeof', '() => typeof document === "undefined"'],
    ['words in strings, templates, comments and regular expressions', '() => { /* a => b */ return "c" + `d` + /e/.source; // f =>\n }'],
    ['an arrow in a comment of the head', '(x /* => y */) => x'],
    ['private members of a class inside', '() => class { #x = 1; get() { return #x in this && this.#x; } }'],
    ['`async` as a parameter', 'async => async'],
    ['the globals of every thread', '() => [undefined, NaN, Math, globalThis, Atomics, structuredClone, fetch]'],
  ])('does not report %s', (_title, source) => {
    expect(names(source)).toEqual([]);
  });

  test('reports a name that is used beside typeof, where it is used', () => {
    const source = '() => typeof gpu === "object"\n  ? gpu.name : null';
    expect(freeVariables(source)).toEqual([{ name: 'gpu', line: 2, column: 4 }]);
    expect(names('() => typeof config.gpu')).toEqual(['config']);
  });

  test.each(['name', 'origin', 'location', 'self', 'close', 'status', 'event', 'postMessage', 'onmessage', 'window', 'document', 'process', 'require', 'Buffer', 'setImmediate', 'navigator', 'escape', 'Temporal'])(
    'reports %s, which would stand in for a variable of the user or is missing on some platform',
    (name) => expect(names(`() => ${name}`)).toEqual([name]),
  );

  test('counts lines from 1 and columns from 0 in the text of the function', () => {
    expect(freeVariables('(x) => a +\n  b')).toEqual([
      { name: 'a', line: 1, column: 7 },
      { name: 'b', line: 2, column: 2 },
    ]);
    expect(freeVariables('f(x) { return a +\n  b; }')).toEqual([
      { name: 'a', line: 1, column: 14 },
      { name: 'b', line: 2, column: 2 },
    ]);
  });

  test('counts a CRLF as one line break', () => {
    expect(freeVariables('(x) => {\r\n  // one\r\n  return a;\r\n}')).toEqual([
      { name: 'a', line: 3, column: 9 },
    ]);
  });

  test.each(['() => { with (o) { x; } }', '() => 010', 'class A {}', '1 + 1', '', 'x => 1), (y => 2'])(
    'throws a SyntaxError for what is not a function of strict code: %s',
    (source) => expect(() => freeVariables(source)).toThrow(SyntaxError),
  );
});

describe('outsideReferences', () => {
  test.each([
    ['`this` of an arrow function', '() => this.x', ['this']],
    ['`this` of the function itself', 'function () { return this.x; }', ['this']],
    ['`this` in an arrow function inside', 'function () { return () => this.x; }', ['this']],
    ['`this` in the computed key of a class', '() => class { [this.key] = 1; }', ['this']],
    ['`super` of a method', 'm() { return super.m(); }', ['super']],
    ['a call of super in an arrow function', '() => super()', ['super']],
    ['`new.target` of an arrow function', '() => new.target', ['new.target']],
    ['`import.meta`', '() => import.meta.url', ['import.meta']],
    ['a private name of the class around', 'm(o) { return o.#x; }', ['#x']],
    ['a relative import', "async () => (await import('./x.js')).y", ["import('./x.js')"]],
  ])('reports %s', (_title, source, expected) => {
    expect(outside(source)).toEqual(expected);
    expect(names(source)).toEqual([]);
  });

  test.each([
    ['`this` of a function inside', '() => function () { return this.x; }'],
    ['`this` of a method inside', '() => ({ m() { return this.x; } })'],
    ['`this` of a class inside', '() => class { a = this; static { this.b = 1; } m() { return this.a; } }'],
    ['`super` of a class inside', '() => class extends Array { constructor() { super(); } m() { return super.at(0); } }'],
    ['`new.target` of the function itself', 'function () { return new.target; }'],
    ['an import by full address', "() => import('https://example.org/x.js')"],
    ['an import by package name', "() => import('node:fs')"],
  ])('does not report %s', (_title, source) => {
    expect(outside(source)).toEqual([]);
  });

  test("tells the function's own `this` from that of the code around it", () => {
    expect(outsideReferences('function () {\n  this; }')).toEqual([
      { name: 'this', own: true, line: 2, column: 2 },
    ]);
    expect(outsideReferences('() => this')).toEqual([{ name: 'this', line: 1, column: 6 }]);
  });
});

describe('functionSource', () => {
  const key = 'k]({`';
  const methods = {
    inc(x) { return x + 1; },
    async slow(x) { return x + 1; },
    *count(x) { yield x + 1; },
    async *stream(x) { yield x + 1; },
    'two words'(x) { return x + 1; },
    "it's"(x) { return x + 1; },
    0x1f(x) { return x + 1; },
    [key](x) { return x + 1; },
    [`(${key}` /* ( */](x) { return x + 1; },
    async [Symbol.asyncIterator](x) { return x + 1; },
    get(x) { return x + 1; },
    set(x) { return x + 1; },
    async(x) { return x + 1; },
    static(x) { return x + 1; },
    async get /* a ( */ (x) { return x + 1; },
    function(x) { return x + 1; },
    class(x) { return x + 1; },
    if(x) { return x + 1; },
    asyncAdd(x) { return x + 1; },
    functional(x) { return x + 1; },
    größer(x) { return x + 1; },
    $async(x) { return x + 1; },
    withDefault(x, one = ((a) => a)(1)) { return x + one; },
  };

  test.each(Reflect.ownKeys(methods).map((name) => [String(name), name]))(
    'makes a function of the method %s',
    async (_title, name) => {
      const result = shipped(methods[name])(1);
      const value = result.next ? (await result.next()).value : await result;
      expect(value).toBe(2);
    },
  );

  test.each([
    ['an arrow function', (x) => x + 1],
    ['an arrow function without parentheses', sloppy('x => x + 1')],
    ['an arrow function that returns an object', sloppy('x => ({...x}, x + 1)')],
    ['an async arrow function', async (x) => x + 1],
    ['an async arrow function without parentheses', sloppy('async x => x + 1')],
    ['an async arrow function with comments in its head', sloppy('async /* ) { */ (x /* => */) => x + 1')],
    ['an arrow function whose parameter is called async', sloppy('async => async + 1')],
    ['an arrow function whose parameter is called get', sloppy('get => get + 1')],
    ['an arrow function with a non-breaking space', sloppy('x\u00a0=>\u00a0x + 1')],
    ['a function', function (x) { return x + 1; }],
    ['a function named in another alphabet', function прибавить(x) { return x + 1; }],
    ['an async function', async function (x) { return x + 1; }],
    ['a function with comments in its head', sloppy('async/* x => */function /* { */ add(x) { return x + 1; }')],
    ['a function with CRLF line ends', sloppy('function (x) {\r\n  // one more\r\n  return x + 1;\r\n}')],
  ])('passes %s on as written', async (_title, fn) => {
    expect(functionSource(fn).source).toBe(text(fn));
    expect(await shipped(fn)(1)).toBe(2);
  });

  test('calls itself by its own name after the journey', () => {
    const fact = shipped(function fact(n) { return n < 2 ? 1 : n * fact(n - 1); });
    expect(fact(5)).toBe(120);
  });

  test.each([
    ['arrow', (x) => x],
    ['async arrow', async (x) => x],
    ['function', function () {}],
    ['async function', async function () {}],
    ['generator function', function* () {}],
    ['async generator function', async function* () {}],
    ['method', methods.inc],
    ['async method', methods.slow],
    ['generator method', methods.count],
    ['async generator method', methods.stream],
    ['method', methods.async],
    ['method', Counter.static],
    ['method', Counter.twice],
    ['arrow', Counter.get],
  ])('says %s of %p', (kind, fn) => expect(functionSource(fn).kind).toBe(kind));

  test('takes a private method that needs nothing private', () => {
    expect(shipped(Counter.twice)(4)).toBe(8);
  });

  test('keeps lines, and columns where the name leaves room, when it rewrites a method', () => {
    const rewritten = (source) => functionSource(sloppy(`({${source}})`).m ?? sloppy(`({${source}})`).aLongName).source;
    expect(rewritten('m(x) {\n  return x; }')).toBe('function(x) {\n  return x; }');
    expect(rewritten('m\r\n /* c */ (x) { return x; }')).toBe('function\n         (x) { return x; }');
    expect(rewritten('["m"\n ](x) { return x; }')).toBe('function\n  (x) { return x; }');
    expect(rewritten('aLongName(x) { return x; }')).toBe('function (x) { return x; }');
  });

  test('uses the real text of a function that overrides toString', () => {
    const fn = Object.assign((x) => x + 1, { toString: () => 'x => 0' });
    expect(functionSource(fn).source).toBe('(x) => x + 1');
  });

  test.each([
    ['a built-in function', Math.max, /`max` is built in .*: call it from a function of your own/],
    ['a built-in class', Map, /`Map` is built in/],
    ['a built-in getter', Object.getOwnPropertyDescriptor(Map.prototype, 'size').get, /is built in/],
    ['a built-in method with a symbol', RegExp.prototype[Symbol.match], /is built in/],
    ['a bound function', ((x) => x).bind(null), /^This function was made by bind\(\), which hides its code: give the function itself/],
    ['a bound function with a name', Counter.twice.bind(null), /^`#twice` was made by bind/],
    ['a proxy of a function', new Proxy((x) => x, {}), /is built in/],
    ['a class', Counter, /`Counter` is a class, which cannot be called without new: give a function/],
    ['a class without name', class {}, /^This function is a class/],
    ['a class with a static name()', class { static name() {} }, /^This function is a class/],
    ['a class after a comment', sloppy('class/* ( */A { }'), /`A` is a class/],
    ['a getter', Object.getOwnPropertyDescriptor({ get size() { return 1; } }, 'size').get, /is a getter or a setter/],
    ['a setter', Object.getOwnPropertyDescriptor({ set size(x) {} }, 'size').set, /is a getter or a setter/],
    ['a getter with a computed name', Object.getOwnPropertyDescriptor({ get ['a']() { return 1; } }, 'a').get, /is a getter/],
    ['a getter called async', Object.getOwnPropertyDescriptor({ get async() { return 1; } }, 'async').get, /is a getter/],
  ])('refuses %s', (_title, fn, message) => {
    expect(() => functionSource(fn)).toThrow(FunctionError);
    expect(() => functionSource(fn)).toThrow(message);
  });

  test('is not taken in by a text that looks built in', () => {
    const fn = sloppy('function () { // { [native code]\n}');
    expect(functionSource(fn).source).toBe(text(fn));
  });

  test('reads the head of a function with thousands of slashes at once', () => {
    const fn = sloppy(`({ m ${'//'.repeat(5000)}\n ${'/**/'.repeat(5000)} (x) { return x; } }).m`);
    const started = performance.now();
    expect(shipped(fn)(3)).toBe(3);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('checkFunction', () => {
  test('gives the text of a function that needs nothing from outside', () => {
    expect(checkFunction((x) => Math.sqrt(x))).toEqual({ source: '(x) => Math.sqrt(x)' });
  });

  test('names the function, the variable, its line and both ways out', () => {
    const scale = 2;
    const sum = (xs) => {
      return xs.reduce((a, b) => a + b) * scale;
    };
    expect(refusal(sum)).toBe(
      '`sum` uses `scale` (line 2), which is defined outside it. A task runs on another thread and ' +
        'cannot see it: pass it as an argument, or give it with delayed(sum, { scope: { scale } }).',
    );
  });

  test('lists several variables in one sentence', () => {
    expect(refusal(sloppy('(x) => a * x +\n b + c'), { name: 'line' })).toBe(
      '`line` uses `a` (line 1), `b` (line 2) and `c` (line 2), which are defined outside it. A task ' +
        'runs on another thread and cannot see them: pass them as arguments, or give them with ' +
        'delayed(fn, { scope: { a, b, c } }).',
    );
  });

  test('counts the names in scope as carried', () => {
    const scale = 2;
    const sum = (x) => x * scale;
    expect(shipped(sum, { scale })(3)).toBe(6);
    expect(checkFunction(sum, { scope: { scale } })).toEqual({ source: text(sum) });
    expect(refusal(sum, { scope: { other: 1 } })).toMatch('`scale`');
    expect(refusal(sloppy('(x) => toString(x)'), { scope: {} })).toMatch('`toString`');
  });

  test('lists the uses, for an editor to underline', () => {
    expect.assertions(1);
    try {
      checkFunction((x) => x * factor);
    } catch (error) {
      expect(error.uses).toEqual([{ name: 'factor', line: 1, column: 11 }]);
    }
  });

  test.each([
    ['an arrow function that calls itself', '{ fact: (n) => n * fact(n - 1) }.fact', /`fact` uses `fact` \(line 1\).* function fact\(…\)/],
    ['`arguments` of an arrow function', '() => arguments[0]', /`arguments` \(line 1\).*rest parameters/],
    ['eval', '(s) => eval(s)', /`eval` \(line 1\), which sees names/],
    ['`this`', 'function () { return this.x; }', /`this` \(line 1\), which a task does not have\. Pass/],
    ['a global of pages', '() => document.title', /`document` \(line 1\), which only a page has/],
    ['a variable of CommonJS', '() => require("fs")', /`require` \(line 1\).*await import/],
    ['a name that is also a global here', '() => process.pid', /scope: \{ process \}.*If you mean the global `process`, write globalThis\.process/],
    ['import by relative address', '() => import("./x.js")', /looked up next to the worker.*import\.meta\.url/],
    ['a helper of TypeScript', '() => __awaiter(void 0, void 0, void 0, function* () {})', /`__awaiter` \(line 1\), a helper .* Raise the compiler's target/],
    ['several helpers of Babel', '(o) => _objectSpread(_objectSpread({}, o), _slicedToArray(o, 2))', /`_objectSpread` \(line 1\) and `_slicedToArray` \(line 1\), helpers/],
    ['a helper of SWC', '() => _async_to_generator(function* () {})()', /a helper/],
    ['a helper of esbuild', '(o) => __spreadValues({}, o)', /a helper/],
    ['names kept by esbuild', '() => { const f = __name(() => 1, "f"); return f(); }', /`__name` .*keepNames/],
    ['counters of a coverage tool', '() => { cov_1q2w3e4r().s[0]++; }', /`cov_1q2w3e4r` .*coverageProvider: 'v8'/],
    ['an import renamed by Vite', '(x) => (0, __vite_ssr_import_0__.scale)(x)', /`__vite_ssr_import_0__` .*stands for an import/],
    ['an import renamed by webpack', '(x) => (0,_scale__WEBPACK_IMPORTED_MODULE_0__.scale)(x)', /stands for an import/],
    ['an import renamed by TypeScript', '(x) => (0, scale_1.scale)(x)', /`scale_1` .*stands for an import/],
    ['an import renamed by Babel', '(x) => _interopRequireDefault(x)', /stands for an import/],
    ['code that strict mode forbids', 'function (o) {\n with (o) { return x; } }', /cannot be read as strict code: .*with.* \(line 2\)\. Tasks run as strict code/],
  ])('tells what to do about %s', (_title, source, message) => {
    expect(refusal(sloppy(source))).toMatch(message);
  });

  test('refuses a method that uses super, and one that needs a private name', () => {
    expect(refusal(Counter.prototype.toString)).toMatch(
      /^`toString` uses `super` \(line 2\), which only works inside its class or object\. Write/,
    );
    expect(refusal(Counter.add)).toMatch(/`this` \(line 2\).* It also uses `#step` \(line 2\)/);
  });

  test('refuses `import.meta` and `new.target` of the code around', () => {
    expect(refusal(() => import.meta.url)).toMatch(/`import\.meta` \(line 1\).*argument/);
    expect(refusal(sloppy('new (function () { return () => new.target; })()'))).toMatch('`new.target`');
  });

  test('says all there is to say at once', () => {
    expect(refusal(sloppy('() => {\n a;\n __assign;\n this; }'), { name: 'f' })).toMatch(
      /^`f` uses `__assign` \(line 3\), .* It also uses `a` \(line 2\), .* It also uses `this` \(line 4\), /,
    );
  });

  test('refuses a function that is too deep for the parser, with a FunctionError', () => {
    expect(refusal(sloppy(`() => ${Array(100_000).fill('1').join('+')}`))).toMatch(
      /^This function is nested too deeply to be checked: export it/,
    );
  });
});

describe('checkSource', () => {
  test.each([
    ['of a minute or more in seconds, without await', () => { sleep(60); }],
    ['under a minute', async () => { await sleep(59); }],
    ['of a time that is computed', async (s) => { await sleep(s * 1000); }],
    ['of a function inside', async () => { const sleep = async (ms) => ms; return await sleep(1000); }],
  ])('a sleep %s passes the check', (_what, fn) => {
    expect(() => checkSource(text(fn), { name: 'f', own: 'f', carried: [], offered: ['sleep'] })).not.toThrow();
  });
});

describe('knownGlobals', () => {
  test('exist in a worker_thread, apart from what is newer than the engine', async () => {
    const worker = new Worker(
      "require('node:worker_threads').parentPort.postMessage(Object.getOwnPropertyNames(globalThis))",
      { eval: true },
    );
    const present = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    await worker.terminate();
    const missing = [...knownGlobals].filter((name) => !present.includes(name));
    expect(['Iterator', 'Float16Array']).toEqual(expect.arrayContaining(missing));
  });

  test('hold every global of the language, apart from three and from what is newer than ES2025', () => {
    // A new context has the globals of the language, the console and nothing else.
    const language = runInNewContext('Object.getOwnPropertyNames(globalThis)');
    const missing = language.filter((name) => !knownGlobals.has(name));
    const newer = ['Temporal', 'SuppressedError', 'DisposableStack', 'AsyncDisposableStack'];
    expect(missing).toEqual(expect.arrayContaining(['escape', 'eval', 'unescape']));
    expect(['escape', 'eval', 'unescape', ...newer]).toEqual(expect.arrayContaining(missing));
  });
});

// The whole list, through the public door: everything that a user reasonably writes is a task, or is refused
// before it runs, with what to do instead.
describe.each(ways)('$way', ({ run, waits, encodes, threads }) => {
  const scale = 3;
  const even = (n) => n === 0 || odd(n - 1);
  const odd = (n) => n !== 0 && even(n - 1);
  const later = async (x) => x + scale;
  const word = 'times';
  const { sqrt } = Math;
  const methods = {
    double(x) { return 2 * x; },
    [`${word} three`](x) { return 3 * x; },
    get size() { return 1; },
  };
  const awaits = !waits || threads;

  test.each([
    ['an arrow function', (x) => x + 1, [1], 2],
    ['a function', function (x) { return x + 1; }, [1], 2],
    ['a method', methods.double, [2], 4],
    ['a method with a computed name', methods['times three'], [2], 6],
    ['a static method', Counter.static, [2], 2],
    ['a private method', Counter.twice, [2], 4],
    ['defaults and rest parameters', (a, b = a + 1, ...rest) => [a, b, rest], [1, undefined, 3, 4], [1, 2, [3, 4]]],
    ['recursion by its own name', function fact(n) { return n < 2 ? 1 : n * fact(n - 1); }, [5], 120],
    ['a class inside', (x) => { class Box { #v = x; get() { return this.#v; } } return new Box().get(); }, [7], 7],
    ['a generator inside', (n) => { function* up() { for (let i = 0; i < n; i++) yield i; } return [...up()]; }, [3], [0, 1, 2]],
    ['Math.sqrt', Math.sqrt, [16], 4],
    ['parseInt', parseInt, ['2f', 16], 47],
    ['JSON.stringify', JSON.stringify, [{ a: [1] }], '{"a":[1]}'],
    ['JSON.parse', JSON.parse, ['{"a":[1]}'], { a: [1] }],
    ['Array.from, which needs its object', Array.from, ['abc'], ['a', 'b', 'c']],
    ['Array.of', Array.of, [1, 2], [1, 2]],
    ['Object.fromEntries', Object.fromEntries, [[['a', 1]]], { a: 1 }],
    ['Number', Number, ['12'], 12],
    ['String', String, [12], '12'],
    ['BigInt', BigInt, [12], 12n],
    ['RegExp', RegExp, ['a+', 'g'], /a+/g],
    ['RangeError', (message) => RangeError(message).message, ['no'], 'no'],
    ['Date.UTC', Date.UTC, [1970, 0, 2], 86_400_000],
    ['encodeURIComponent', encodeURIComponent, ['a b'], 'a%20b'],
    ['Atomics.isLockFree', Atomics.isLockFree, [4], true],
    ["Heddle's sleep", sleep, [0], undefined],
    ["Heddle's spin", spin, [0], undefined],
  ])('%s is a task', async (_what, fn, args, value) => {
    expect(await run(delayed(fn)(...args))).toEqual(value);
  });

  test('destructuring with defaults that name what the scope carries', async () => {
    const fn = ({ a = scale, ...others } = {}, [b = scale] = []) => [a, b, others];
    expect(await run(delayed(fn, { scope: { scale } })({ c: 1 }))).toEqual([3, 3, { c: 1 }]);
  });

  test('functions in the scope that call each other', async () => {
    expect(await run(delayed((n) => [even(n), odd(n)], { scope: { even, odd } })(7))).toEqual([false, true]);
  });

  test("built-in functions and Heddle's own in the scope, under any name", async () => {
    const wait = sleep;
    const fn = (x) => [wait(0), sqrt(x)];
    expect(await run(delayed(fn, { scope: { sqrt, wait } })(16))).toEqual([undefined, 4]);
  });

  test("a sleep of the user's own in the scope is the one that is called", async () => {
    const sleep = (ms) => `${ms} ms`;
    const word = 'sleeping';
    expect(await run(delayed(() => sleep(1000), { scope: { sleep } })())).toBe('1000 ms');
    expect(await run(delayed(() => `${sleep(1000)} ${word}`, { scope: { sleep, word } })())).toBe('1000 ms sleeping');
  });

  if (awaits) {
    test.each([
      ['an async function', async (x) => (await x) + 1, [1], 2],
      ['Promise.resolve, which needs its object', Promise.resolve, [5], 5],
      ['Promise.all', Promise.all, [[1, 2]], [1, 2]],
    ])('%s is a task', async (_what, fn, args, value) => {
      expect(await run(delayed(fn)(...args))).toEqual(value);
    });

    test('an async function in the scope', async () => {
      expect(await run(delayed(async (x) => 2 * (await later(x)), { scope: { later, scale } })(1))).toBe(8);
    });
  }

  if (!encodes) return;
  const refused = async (fn, options) => {
    const error = await rejection(run(delayed(fn, options)(1)));
    expect(error).toBeInstanceOf(PublicFunctionError);
    return error.message;
  };

  test.each([
    ['a generator function', function* count() {}, /^`count` is a generator function, which gives an iterator, not a value: give .* \(\.\.\.args\) => \[\.\.\.count\(\.\.\.args\)\] with \{ scope: \{ count \} \}\.$/],
    ['an async generator function', async function* rows() {}, /^`rows` is a generator function.*for await \(const one of rows\(\.\.\.args\)\)/],
    ['a getter', Object.getOwnPropertyDescriptor(methods, 'size').get, /is a getter or a setter/],
    ['a bound function', methods.double.bind(null), /was made by bind\(\)/],
    ['a class', Counter, /`Counter` is a class, which cannot be called without new: give a function/],
    ['Map', Map, /^`Map` is built in and has to be called with new: give \(\.\.\.args\) => new Map\(\.\.\.args\)\.$/],
    ['Float64Array', Float64Array, /give \(\.\.\.args\) => new Float64Array\(\.\.\.args\)/],
    ['Promise', Promise, /give \(\.\.\.args\) => new Promise/],
    ['Proxy', Proxy, /new Proxy/],
    ['Intl.PluralRules', Intl.PluralRules, /new Intl\.PluralRules\(/],
    ['a method of texts', String.prototype.toUpperCase, /^`toUpperCase` is built in and a method, which needs its object: give \(text\) => text\.toUpperCase\(\)\.$/],
    ['a method of arrays', [].map, /give \(list, \.\.\.args\) => list\.map\(\.\.\.args\)/],
    ['a method of typed arrays', new Int8Array().fill, /give \(array, \.\.\.args\) => array\.fill\(\.\.\.args\)/],
    ['eval', globalThis.eval, /`eval` is built in and runs text/],
    ['Function', Function, /`Function` is built in and runs text/],
    ['fetch, whose text is not its own', fetch, /^`fetch` is a function of the platform, .*give \(\.\.\.args\) => fetch\(\.\.\.args\)\.$/],
    ['a Proxy of a function', new Proxy((x) => x, {}), /is built in \(or a Proxy\)/],
    ['a long sleep in milliseconds', async () => { await sleep(1000); }, /uses `await sleep\(1000\)` \(line 1\), where `sleep` is Heddle's own, which takes seconds\. If you mean a function of yours that takes milliseconds, give it with \{ scope: \{ sleep \} \}/],
  ])('%s is refused before it runs', async (_what, fn, message) => {
    expect(await refused(fn)).toMatch(message);
  });

  test('a class in the scope is refused, and a constructor that is built in too', async () => {
    expect(await refused(() => 1, { scope: { Counter } })).toMatch(/`Counter` is a class/);
    expect(await refused(() => 1, { scope: { Table: Map } })).toMatch(/new Map/);
  });
});

describe('a shipment', () => {
  const text = (task) => shipment({ name: 'f', scope: undefined, key: undefined, ...task });

  test('says whether its function takes the context, also beside one that does not', () => {
    const fn = (x) => x;
    expect([traitsOf(text({ fn })).ctx, traitsOf(text({ fn, ctx: true })).ctx, traitsOf(text({ fn })).ctx]).toEqual([false, true, false]);
    const module = { url: 'data:text/javascript,export const f = 1', name: 'f' };
    expect(traitsOf(text({ fn: () => 1, module, ctx: true }))).toEqual({ name: 'f', ctx: true, asynchronous: false, timeoutMs: 0 });
    expect(traitsOf(text({ fn: sleep, ctx: true }))).toEqual({ name: 'f', ctx: true, asynchronous: false, timeoutMs: 0 });
  });

  test.each([
    ['plain code', (x) => x + 1, undefined, false],
    ['an async function', async (x) => x, undefined, true],
    ['then', (x) => x.then(String), undefined, true],
    ['then on a line of its own', (x) => x
      . then (String), undefined, true],
    ['fetch', (x) => fetch(x), undefined, true],
    ['import', () => import('node:fs'), undefined, true],
    ['Promise', () => Promise.all([]), undefined, true],
    ['waitAsync', (cells) => Atomics.waitAsync(cells, 0, 0), undefined, true],
    ['an async function in the scope', () => 1, { later: async () => 1 }, true],
    ['Promise.all in the scope', () => 1, { all: Promise.all }, true],
    ['a built-in function', Math.sqrt, undefined, false],
    ['Promise.resolve', Promise.resolve, undefined, true],
    ['words that are not', (strengthen, prefetch) => [strengthen, prefetch, 'then'], undefined, false],
  ])('of %s says whether a promise may be left behind', (_what, fn, scope, asynchronous) => {
    expect(traitsOf(text({ fn, scope })).asynchronous).toBe(asynchronous);
  });

  test('of a built-in function needs no eval', () => {
    const texts = [text({ fn: Math.max }), text({ fn: Array.from }), text({ fn: ownSpin })];
    const before = globalThis.Function;
    globalThis.Function = undefined;
    try {
      const [max, from, busy] = texts.map(compile);
      expect([max(1, 3, 2), from('ab'), busy(0)]).toEqual([3, ['a', 'b'], undefined]);
    } finally {
      globalThis.Function = before;
    }
  });
});
