/** Names that the build puts in: the version, and Emscripten's factory in the script of the workers. */
declare const __HEDDLE_VERSION__: string;
declare const createHeddleCore: unknown;
