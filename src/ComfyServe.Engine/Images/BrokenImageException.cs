namespace ComfyServe.Engine.Images;

/// <summary>An image is of a known format but cut short or damaged inside.</summary>
internal sealed class BrokenImageException(string message, Exception? inner = null) : Exception(message, inner);
