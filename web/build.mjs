// The views of the package, into dist/views, and the page, into build/site: bundles of web/, and the package as it is in
// dist/. `npm run build` calls it after the package is built.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, copyFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const path = (...parts) => join(root, ...parts);
const site = (...parts) => path('build/site', ...parts);

const options = { bundle: true, minify: true, keepNames: true /* errors are known by their class */, target: 'es2022', logLevel: 'warning' };
const heddle = { heddle: path('dist/heddle.js'), 'heddle/host': path('dist/host.js'), 'heddle/trace': path('dist/trace.js'), 'heddle/layout': path('dist/layout.js') };

/* Views share the package's other doors, which lie beside them. */
const doors = { name: 'doors', setup: ({ onResolve }) => onResolve({ filter: /^heddle\// }, ({ path: door }) => ({ path: `../${door.slice('heddle/'.length)}.js`, external: true })) };
const views = { ...options, format: 'esm', outdir: path('dist/views'), sourcemap: 'linked' };
await build({ ...views, plugins: [doors], entryPoints: { index: path('web/views/index.js') } });
await build({ ...views, alias: heddle, entryPoints: { 'layout-worker': path('web/views/layout-worker.js') } });
await build({ ...options, entryPoints: { views: path('web/views/views.css') }, outdir: path('dist/views') });
const types = path('dist/types/views/index.d.ts'), newest = Math.max(...readdirSync(path('web/views')).map((file) => statSync(path('web/views', file)).mtimeMs));
if (!existsSync(types) || statSync(types).mtimeMs < newest) execFileSync('npx', ['tsc', '-p', path('web/views')], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });

mkdirSync(site('runner'), { recursive: true });
for (const name of ['frame', 'program'])
  await build({
    ...options, entryPoints: [path('web/runner', `${name}.js`)], outfile: site('runner', `${name}.js`), format: 'iife', alias: heddle,
    external: ['node:*'], define: { 'import.meta.url': '"about:blank"' }, /* nothing is loaded from beside it */
  });
await build({
  ...options, alias: heddle, entryPoints: { page: path('web/page.js'), 'layout-worker': path('web/views/layout-worker.js') }, outdir: site(), format: 'esm',
  loader: { '.program.js': 'text' }, sourcemap: true,
});
await build({ ...options, entryPoints: [path('web/page.css')], outfile: site('page.css') });
copyFileSync(path('web/index.html'), site('index.html'));

/* What `dashboard: true` serves in Node.js is a part of the package. */
const dashboard = path('dist/dashboard');
rmSync(dashboard, { recursive: true, force: true });
await build({
  ...options, alias: heddle, entryPoints: { dashboard: path('web/dashboard/dashboard.js'), 'layout-worker': path('web/views/layout-worker.js') }, outdir: dashboard, format: 'esm',
});
await build({ ...options, entryPoints: [path('web/dashboard/dashboard.css')], outfile: join(dashboard, 'dashboard.css') });
copyFileSync(path('web/dashboard/index.html'), join(dashboard, 'index.html'));

rmSync(site('heddle'), { recursive: true, force: true });
mkdirSync(site('heddle/core'), { recursive: true });
for (const file of readdirSync(path('dist'))) if (/\.js$/.test(file)) copyFileSync(path('dist', file), site('heddle', file));
cpSync(path('dist/core'), site('heddle/core'), { recursive: true });
if (!existsSync(site('heddle/core/heddle.wasm'))) throw new Error('the package is not built: npm run build');
