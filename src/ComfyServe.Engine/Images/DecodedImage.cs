namespace ComfyServe.Engine.Images;

/// <summary>What <see cref="ImageDecoder"/> made of a file.</summary>
/// <param name="Kind">The file's format.</param>
/// <param name="Frames">At least one picture; several for an animation.</param>
internal sealed record DecodedImage(ImageKind Kind, IReadOnlyList<DecodedFrame> Frames);
