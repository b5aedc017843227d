namespace ComfyServe.Api.Outputs;

/// <summary>Where outputs go.</summary>
internal interface IObjectStore
{
    /// <summary>Whether it is elsewhere: then uploads hold buffers for as long as it likes, and are bounded.</summary>
    bool IsRemote { get; }

    /// <summary>Stores the bytes of <paramref name="content"/> under <paramref name="key"/>. Throws <see cref="ObjectStoreException"/>.</summary>
    /// <returns>Path of the object on this machine, or blank.</returns>
    Task<string> PutAsync(string key, Stream content, string contentType, CancellationToken cancellationToken);

    /// <summary>URL for a plain GET of an object.</summary>
    /// <param name="key">The object.</param>
    /// <param name="lifetime">How long it is good for, at most seven days.</param>
    string UrlOf(string key, TimeSpan lifetime);
}
