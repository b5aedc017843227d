namespace ComfyServe.Engine.Folders;

/// <summary>One key of <c>GET /models</c>.</summary>
/// <param name="Name">The key.</param>
/// <param name="Paths">The folders that are searched, in order.</param>
/// <param name="Extensions">The file endings that count, with their dots; empty: all.</param>
public sealed record ModelFolder(string Name, IReadOnlyList<string> Paths, IReadOnlyList<string> Extensions);
