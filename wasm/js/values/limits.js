/** Numbers that both ends of a value's way agree on. */

/** The kind of a block that holds an error as text (failure.js). */
export const ERROR_TEXT = 4;

/** Typed arrays of so many bytes and more are given to tasks as shared views, read-only by contract. */
export const INPUT_SHARED_FROM = 65536;
