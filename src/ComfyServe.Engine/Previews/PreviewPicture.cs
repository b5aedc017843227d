namespace ComfyServe.Engine.Previews;

/// <summary>A picture of latents.</summary>
/// <param name="Rgb">Interleaved 8-bit RGB, rows from the top.</param>
/// <param name="Width">Pixels of a row.</param>
/// <param name="Height">Rows.</param>
internal sealed record PreviewPicture(byte[] Rgb, int Width, int Height);
