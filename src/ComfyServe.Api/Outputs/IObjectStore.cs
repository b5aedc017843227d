namespace ComfyServe.Api.Outputs;

/// <summary>Where outputs go.</summary>
internal interface IObjectStore
{
    /// <summary>Stores the bytes of <paramref name="content"/> under <paramref name="key"/>. Throws <see cref="ObjectStoreException"/>.</summary>
    Task<StoredObject> PutAsync(string key, Stream content, string contentType, CancellationToken cancellationToken);
}
