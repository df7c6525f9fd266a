/** A picture of which only as many pixels are decoded as somebody asks for. */
export interface Pixels {
  readonly width: number
  readonly height: number
  /** Bytes a pixel: red, green, blue, alpha; grey, alpha; or alpha alone. */
  readonly channels: number
  /** Whether the first three channels are red, green and blue. */
  readonly hasColour: boolean
  /** The channel that is alpha, where there is one. */
  readonly alphaAt?: number
  /**
   * The rectangle at the top left, row by row without gaps. Undefined when the file does not hold it, damaged pixels
   * stand before its end, or it takes more memory than is allowed.
   */
  topLeft(columns: number, rows: number): Uint8Array | undefined
}
