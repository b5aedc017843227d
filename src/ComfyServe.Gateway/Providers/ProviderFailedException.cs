namespace ComfyServe.Gateway.Providers;

/// <summary>A provider could not do what it was asked; the message says what, which and what next.</summary>
internal sealed class ProviderFailedException(string message, Exception? inner = null) : Exception(message, inner);
