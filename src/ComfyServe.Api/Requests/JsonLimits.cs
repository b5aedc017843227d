namespace ComfyServe.Api.Requests;

/// <summary>Limits of the JSON that callers send.</summary>
internal static class JsonLimits
{
    /// <summary>Deepest nesting.</summary>
    public const int MaxDepth = 128;
}
