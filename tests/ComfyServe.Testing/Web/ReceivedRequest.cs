namespace ComfyServe.Testing.Web;

/// <summary>A request that a <see cref="FileServer"/> received.</summary>
/// <param name="Method">Verb.</param>
/// <param name="Path">Path and query.</param>
/// <param name="Headers">Headers.</param>
/// <param name="Body">Body.</param>
public sealed record ReceivedRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body);
