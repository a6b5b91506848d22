/**
 * Who may ask the dashboard for what. It listens on 127.0.0.1 only; still, every page that a browser shows can send requests
 * there, under that name or one that it has pointed there, and so can other users of the machine. So a request must
 * carry the name that this server goes by, no other site's origin, and the token of the address that was printed.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 192 random bits, as text for addresses. */
export const newToken = () => randomBytes(24).toString('base64url');

/** @param {string} text */
const digest = (text) => createHash('sha256').update(text).digest();

/** In the same time whatever is wrong with it. @param {unknown} given @param {string} token */
export const isToken = (given, token) => typeof given === 'string' && timingSafeEqual(digest(given), digest(token));

/** Where each method may go: everything else does not exist. @type {Record<string, readonly string[]>} */
const methods = { '/stream': ['GET'], '/gate': ['POST'] };
const reading = ['GET', 'HEAD'];

/** Headers of every answer. */
export const headers = Object.freeze({
  'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; img-src 'self' data: blob:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Resource-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp',
  'Referrer-Policy': 'no-referrer', 'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'DENY', 'Cache-Control': 'no-store',
});

/**
 * What is wrong with a request; undefined: nothing.
 * @param {{ method?: string, headers: import('node:http').IncomingHttpHeaders }} request
 * @param {URL} url what it asks for
 * @param {{ port: number, token: string, files: ReadonlyMap<string, unknown> }} server
 * @returns {{ status: number, text: string, allow?: string } | undefined}
 */
export function faultOf({ method = '', headers: { host, origin, authorization, 'sec-fetch-site': site } }, url, { port, token, files }) {
  const names = [`127.0.0.1:${port}`, `localhost:${port}`], path = url.pathname;
  if (!names.includes((host ?? '').toLowerCase())) return { status: 421, text: `Ask for 127.0.0.1:${port}.` };
  if (origin !== undefined && origin !== `http://${host}`) return { status: 403, text: 'Other sites may not ask.' };
  const isPart = path !== '/index.html' && files.has(path.slice(1)), allowed = methods[path] ?? (path === '/' || isPart ? reading : undefined);
  if (!allowed) return { status: 404, text: 'There is no such file.' };
  if (!allowed.includes(method)) return { status: 405, text: `Only ${allowed.join(' and ')}.`, allow: allowed.join(', ') };
  if (path === '/') return isToken(url.searchParams.get('token'), token) ? undefined : { status: 403, text: 'Open the address that the program printed: it ends in a token.' };
  if (isPart) return undefined; /* the page's parts are the same for everybody */
  if (site !== undefined && site !== 'same-origin') return { status: 403, text: 'Other sites may not ask.' };
  /* Only the page itself can send this header, without being asked first. */
  return isToken(/^Bearer (.*)$/.exec(authorization ?? '')?.[1], token) ? undefined : { status: 403, text: 'The token is missing or wrong.' };
}
