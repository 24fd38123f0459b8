/** Whether a part that some machines lack can be used here. It is said when it cannot; with REQUIRE_ALL=1 that is a failure, not a gap. */
export function havePart(name: string, found: boolean): boolean {
  if (found) return true;
  if (process.env.REQUIRE_ALL === '1') throw new Error(`${name} is missing and REQUIRE_ALL=1`);
  console.log(`left out: ${name} missing`);
  return false;
}
