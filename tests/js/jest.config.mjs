/** Jest for the JavaScript API: plain ES modules, as they are (npm run test:js). */
import { fileURLToPath } from 'node:url';

export default {
  rootDir: fileURLToPath(new URL('../..', import.meta.url)),
  roots: ['<rootDir>/tests/js'],
  testMatch: ['**/*.test.mjs'],
  testEnvironment: 'node',
  transform: {},
  /* Tasks are shipped by their text, into which other coverage tools would write. */
  coverageProvider: 'v8',
  /* A watchdog, not a measure: most tests take milliseconds. */
  testTimeout: 30_000,
};
