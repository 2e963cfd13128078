import { InvalidArgumentError } from 'commander';

/** A range of values of one option, such as `0..10%/2%`. */
export class Sweep {
  readonly values: readonly number[];

  constructor(values: readonly number[]) {
    this.values = values;
  }
}

const mostValues = 100;
const range = /^(?<from>[^/]+?)(?:\/min)?\.\.(?<to>[^/]+)(?:\/min)?\/(?<step>[^/]+)(?:\/min)?$/;

/** Lets an option take one value, which `parse` reads, or `FROM..TO/STEP`. */
export function valueOrSweep(parse: (text: string) => number): (text: string) => number | Sweep {
  return (text) => {
    const { from, to, step } = range.exec(text)?.groups ?? {};
    if (from === undefined || to === undefined || step === undefined) return parse(text);
    const [first, last] = [parse(from), parse(to)];
    const width = stepOf(step);
    const count = Math.floor((last - first) / width + 1e-9) + 1;
    if (!(count >= 2 && count <= mostValues)) {
      throw new InvalidArgumentError(`It is not a range of 2 to ${mostValues} values such as 0..10%/2%.`);
    }
    // Without the dust of binary fractions: 0.06, not 0.060000000000000005.
    return new Sweep(Array.from({ length: count }, (_, i) => Number((first + i * width).toPrecision(12))));
  };
}

/** A step may be less than the least value. */
function stepOf(text: string): number {
  const [, number, percent] = /^(\d{1,10}(?:\.\d{1,6})?)(%?)$/.exec(text) ?? [];
  return Number(number) / (percent === '%' ? 100 : 1);
}
