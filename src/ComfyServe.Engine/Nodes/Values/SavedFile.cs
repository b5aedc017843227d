using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Nodes.Values;

/// <summary>A file that a node wrote, as <c>GET /view</c> finds it.</summary>
/// <param name="Filename">The file's name, without folders.</param>
/// <param name="Subfolder">The folder below the one that <paramref name="Type"/> names, or empty.</param>
/// <param name="Type"><c>output</c>, <c>temp</c> or <c>input</c>.</param>
public sealed record SavedFile(string Filename, string Subfolder, string Type)
{
    /// <summary>The form that clients read.</summary>
    public JsonObject ToJson() => new() { ["filename"] = Filename, ["subfolder"] = Subfolder, ["type"] = Type };
}
