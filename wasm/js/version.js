/** The package's version, from package.json. */
export const version = __HEDDLE_VERSION__;
