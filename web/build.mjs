// The page, into build/site: bundles of web/, and the package as it is in dist/. `npm run build` calls it
// after the package is built.
import { cpSync, existsSync, mkdirSync, readdirSync, copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const path = (...parts) => join(root, ...parts);
const site = (...parts) => path('build/site', ...parts);

const options = { bundle: true, minify: true, keepNames: true /* errors are known by their class */, target: 'es2022', logLevel: 'warning' };
const heddle = { heddle: path('dist/heddle.js'), 'heddle/host': path('dist/host.js'), 'heddle/trace': path('dist/trace.js'), 'heddle/layout': path('dist/layout.js') };

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
