using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace ComfyServe.Provisioning.Tests.Deployment;

/// <summary>
/// Renders the part of Helm's template language that our chart uses: values, <c>if</c>, <c>quote</c>, <c>toYaml</c>,
/// <c>nindent</c>. Whatever it does not know is an error: the chart may not use more than what is checked here.
/// </summary>
internal sealed partial class GoTemplate(YamlMappingNode values, string release)
{
    /// <summary>The rendered text.</summary>
    public string Render(string template)
    {
        var output = new StringBuilder();
        var shown = new Stack<bool>([true]);
        var (at, trimNext) = (0, false);
        foreach (Match action in Action().Matches(template))
        {
            var text = template[at..action.Index];
            text = trimNext ? text.TrimStart() : text;
            text = action.Groups["left"].Success ? text.TrimEnd() : text;
            if (shown.Peek())
            {
                output.Append(text);
            }

            (at, trimNext) = (action.Index + action.Length, action.Groups["right"].Success);
            Do(action.Groups["body"].Value.Trim(), shown, output);
        }

        Assert.Single(shown);
        return output.Append(trimNext ? template[at..].TrimStart() : template[at..]).ToString();
    }

    private void Do(string body, Stack<bool> shown, StringBuilder output)
    {
        if (body == "end")
        {
            shown.Pop();
        }
        else if (body.StartsWith("if ", StringComparison.Ordinal))
        {
            shown.Push(shown.Peek() && IsTrue(Evaluate(body[3..])));
        }
        else if (shown.Peek())
        {
            output.Append(Text(Evaluate(body)));
        }
    }

    private object Evaluate(string pipeline)
    {
        object? value = null;
        foreach (var part in pipeline.Split('|', StringSplitOptions.TrimEntries))
        {
            var words = part.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            value = words switch
            {
                [['.', ..] path] => Find(path),
                ["quote"] => $"\"{Text(value!).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"",
                ["toYaml", var path] => Yaml(Find(path)),
                ["nindent", var count] => Indent(Text(value!), int.Parse(count, CultureInfo.InvariantCulture)),
                _ => throw new NotSupportedException($"the renderer does not know '{part}'"),
            };
        }

        return value!;
    }

    private object Find(string path)
    {
        if (path == ".Release.Name")
        {
            return release;
        }

        const string Values = ".Values.";
        Assert.StartsWith(Values, path, StringComparison.Ordinal);
        YamlNode node = values;
        foreach (var name in path[Values.Length..].Split('.'))
        {
            Assert.True(((YamlMappingNode)node).Children.TryGetValue(name, out var next), $"'{path}' is not in values.yaml");
            node = next!;
        }

        return node;
    }

    // Go's truth: not empty.
    private static bool IsTrue(object value) => value switch
    {
        YamlMappingNode mapping => mapping.Children.Count > 0,
        YamlSequenceNode list => list.Children.Count > 0,
        _ => Text(value) is not ("" or "false" or "0"),
    };

    private static string Text(object value) => value is YamlScalarNode scalar ? scalar.Value ?? "" : (string)value;

    private static string Yaml(object node)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        new YamlStream(new YamlDocument(Block((YamlNode)node))).Save(writer, assignAnchors: false);
        return writer.ToString().Replace("...", "", StringComparison.Ordinal).TrimEnd();
    }

    private static YamlNode Block(YamlNode node)
    {
        switch (node)
        {
            case YamlMappingNode mapping:
                mapping.Style = YamlDotNet.Core.Events.MappingStyle.Block;
                mapping.Children.Values.ToList().ForEach(static n => Block(n));
                break;
            case YamlSequenceNode list:
                list.Style = YamlDotNet.Core.Events.SequenceStyle.Block;
                list.Children.ToList().ForEach(static n => Block(n));
                break;
            default:
                break;
        }

        return node;
    }

    private static string Indent(string text, int count) => "\n" + string.Join('\n', text.Split('\n').Select(l => new string(' ', count) + l));

    [GeneratedRegex(@"\{\{(?<left>-)?(?<body>.*?)(?<right>-)?\}\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Action();
}
