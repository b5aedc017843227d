using ComfyServe.Gateway.Storage;

namespace ComfyServe.Gateway.Keys;

/// <summary>Who a key belongs to.</summary>
/// <param name="KeyId">Text that stands for the key in limits and logs.</param>
/// <param name="EndpointId">The only endpoint that it may use, or null for the whole account.</param>
internal sealed record Caller(string KeyId, long? EndpointId)
{
    /// <summary>Whoever has a key that was made.</summary>
    public static Caller Of(ApiKeyRow key) => new($"key {key.Id}", key.EndpointId);

    /// <summary>Whoever has an endpoint's own key.</summary>
    public static Caller Of(EndpointRow endpoint) => new($"endpoint {endpoint.Id}", endpoint.Id);

    /// <summary>May manage the account.</summary>
    public bool IsAccount => EndpointId is null;

    /// <summary>May send requests to this endpoint.</summary>
    public bool MayUse(long endpointId) => EndpointId is null || EndpointId == endpointId;
}
