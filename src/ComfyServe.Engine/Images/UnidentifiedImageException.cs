namespace ComfyServe.Engine.Images;

/// <summary>A file is not an image of a known format, or its header is broken.</summary>
internal sealed class UnidentifiedImageException(string name, Exception? inner = null)
    : Exception($"cannot identify image file '{name}'", inner);
