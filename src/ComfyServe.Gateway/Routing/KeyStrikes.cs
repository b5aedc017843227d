namespace ComfyServe.Gateway.Routing;

/// <summary>One key's requests that came back from a worker unseen.</summary>
/// <param name="Count">How many in a row.</param>
/// <param name="Until">Until when the key's requests go elsewhere, in milliseconds.</param>
internal readonly record struct KeyStrikes(int Count, long Until);
