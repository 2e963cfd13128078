/** The cases that pass: this list may only grow. */
export const passing: readonly string[] = [];
