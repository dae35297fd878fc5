export class SitePolicyError extends Error {}
export function readSitePolicy(_file: string): string {
  throw new SitePolicyError("todo");
}
