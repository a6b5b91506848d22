/** The build gives the text of a program to who imports it as `….program.js?text`. */
declare module '*?text' {
  const text: string;
  export default text;
}
