/** The arguments of a call on their way, when results of other tasks stand inside them. */

/** Where a task's argument stands inside a nested container, by the place of its reference. */
export class Reference {
  /** @param {number} place */
  constructor(place) {
    this.place = place;
  }
}

/** The arguments of a call in which nodes stand inside containers, or which waits for more than its arguments:
 * References take the places of what is recorded by itself. */
export class Template {
  /** @param {unknown[]} args @param {readonly unknown[]} [given] as users wrote them, with the nodes */
  constructor(args, given = args) {
    this.args = args;
    this.given = given;
  }
}
