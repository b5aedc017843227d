using System.Text.Json;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>A graph that nodes of the workflow stand for: its type is their class.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Definition">Its nodes and connections.</param>
/// <param name="Inputs">Names of its inputs in order.</param>
/// <param name="Entrance">Id, among its nodes, of where its inputs come from.</param>
/// <param name="Exit">Id, among its nodes, of where its outputs go.</param>
internal sealed record EditorSubgraph(string Id, JsonElement Definition, IReadOnlyList<string> Inputs, string Entrance, string Exit)
{
    /// <summary>Reads one; null when it has no id.</summary>
    public static EditorSubgraph? Read(JsonElement definition) => EditorNode.IdOf(definition, "id") is not { } id ? null : new(
        id,
        definition,
        [.. EditorNode.ListOf(definition, "inputs").Select(static i => EditorNode.TextOf(i, "name") ?? "")],
        BoundaryOf(definition, "inputNode") ?? "-10",
        BoundaryOf(definition, "outputNode") ?? "-20");

    /// <summary>Name of an input by its place; null where there is none.</summary>
    public string? InputName(int slot) => slot >= 0 && slot < Inputs.Count ? Inputs[slot] : null;

    private static string? BoundaryOf(JsonElement definition, string name) => definition.TryGetProperty(name, out var node) ? EditorNode.IdOf(node, "id") : null;
}
