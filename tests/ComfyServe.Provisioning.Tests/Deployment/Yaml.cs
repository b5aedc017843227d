using YamlDotNet.RepresentationModel;

namespace ComfyServe.Provisioning.Tests.Deployment;

/// <summary>Reads YAML as tests want it: a path to each thing, and a message that names what is missing.</summary>
internal static class Yaml
{
    public static IReadOnlyList<YamlMappingNode> Documents(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(static d => d.RootNode).OfType<YamlMappingNode>()];
    }

    /// <summary>What is at a path of keys, or null.</summary>
    public static YamlNode? At(this YamlNode node, params string[] path)
    {
        return path.Aggregate((YamlNode?)node, static (at, key) => at is YamlMappingNode mapping && mapping.Children.TryGetValue(key, out var next) ? next : null);
    }

    public static string? Text(this YamlNode node, params string[] path) => (node.At(path) as YamlScalarNode)?.Value;

    public static IReadOnlyList<YamlNode> List(this YamlNode node, params string[] path) => node.At(path) is YamlSequenceNode list ? [.. list.Children] : [];

    public static IReadOnlyDictionary<string, string> Texts(this YamlNode node, params string[] path) => node.At(path) is YamlMappingNode mapping
        ? mapping.Children.ToDictionary(static c => c.Key.ToString(), static c => c.Value.ToString())
        : new Dictionary<string, string>();

    public static IReadOnlyList<string> Keys(this YamlNode node, params string[] path) => [.. node.Texts(path).Keys];
}
