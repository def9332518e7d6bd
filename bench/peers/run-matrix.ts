export interface MatrixOptions {
  full?: boolean;
}
export async function runMatrix(_o: MatrixOptions, _p: (t: string) => void): Promise<void> {}
