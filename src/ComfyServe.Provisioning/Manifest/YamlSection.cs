using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace ComfyServe.Provisioning.Manifest;

/// <summary>One mapping of a manifest: reads its keys, and says what is wrong with them and where.</summary>
internal sealed class YamlSection(YamlMappingNode node, string what, VariableExpansion variables, MistakeList mistakes)
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <summary>The line of its first key.</summary>
    public long Line => node.Start.Line;

    /// <summary>Adds a mistake at a key, or at the section where the key is missing.</summary>
    public void Complain(string key, string message) => mistakes.Add(LineOf(key), message);

    /// <summary>A text with its variables replaced; null where the key is missing or wrong.</summary>
    public string? Text(string key) => Raw(key) is { } raw ? variables.Expand(raw, m => Complain(key, $"'{key}': {m}")) : null;

    /// <summary>A text as it is written, variables left alone.</summary>
    public string? Raw(string key)
    {
        if (Find(key) is not { } found)
        {
            return null;
        }

        if (found is YamlScalarNode { Value: { Length: > 0 } value })
        {
            return value;
        }

        Complain(key, $"'{key}' must be a text");
        return null;
    }

    /// <summary>A text that has to be there.</summary>
    public string? Required(string key)
    {
        if (Find(key) is null)
        {
            mistakes.Add(Line, $"{what} needs '{key}'");
            return null;
        }

        return Text(key);
    }

    /// <summary>A whole number of at least 0.</summary>
    public long? Count(string key)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        if (long.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        Complain(key, $"'{key}' must be a whole number of bytes, not '{Raw(key)}'");
        return null;
    }

    /// <summary>True or false.</summary>
    public bool Flag(string key)
    {
        var text = Text(key);
        if (text is not (null or "true" or "false"))
        {
            Complain(key, $"'{key}' must be true or false, not '{Raw(key)}'");
        }

        return text == "true";
    }

    /// <summary>A span such as <c>90s</c>, <c>10m</c> or <c>2h</c>.</summary>
    public TimeSpan? Span(string key)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        if (text.Length > 1 && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
        {
            switch (text[^1])
            {
                case 's': return TimeSpan.FromSeconds(number);
                case 'm': return TimeSpan.FromMinutes(number);
                case 'h': return TimeSpan.FromHours(number);
                default: break;
            }
        }

        Complain(key, $"'{key}' must be a time such as 90s, 10m or 2h, not '{Raw(key)}'");
        return null;
    }

    /// <summary>A SHA-256 in lower case.</summary>
    public string? Sha256(string key)
    {
        var text = Text(key);
        if (text is null)
        {
            return null;
        }

        if (text.Length == 64 && text.All(char.IsAsciiHexDigit))
        {
            return text.ToLowerInvariant();
        }

        Complain(key, $"'{key}' must be 64 hex digits");
        return null;
    }

    /// <summary>The conditions of the key <c>when</c>: a word or a list of words.</summary>
    public IReadOnlyList<Condition> Conditions()
    {
        if (Find("when") is not { } found)
        {
            return [];
        }

        var words = found is YamlSequenceNode list ? list.Children : [found];
        var conditions = new List<Condition>();
        foreach (var word in words)
        {
            if (word is YamlScalarNode { Value: { } value } && Condition.Parse(value) is { } condition)
            {
                conditions.Add(condition);
            }
            else
            {
                mistakes.Add(word.Start.Line, $"'when' knows {Condition.Words}, and not '{word}'");
            }
        }

        return conditions;
    }

    /// <summary>The texts of a list, variables replaced.</summary>
    public IReadOnlyList<(long Line, string Text)> Texts(string key)
    {
        var texts = new List<(long, string)>();
        foreach (var item in Items(key))
        {
            if (item is YamlScalarNode { Value: { Length: > 0 } value })
            {
                texts.Add((item.Start.Line, variables.Expand(value, m => mistakes.Add(item.Start.Line, $"'{key}': {m}"))));
            }
            else
            {
                mistakes.Add(item.Start.Line, $"'{key}' must be a list of texts");
            }
        }

        return texts;
    }

    /// <summary>The items of a list; none where the key is missing.</summary>
    public IReadOnlyList<YamlNode> Items(string key)
    {
        switch (Find(key))
        {
            case null:
            case YamlScalarNode { Value: null or "" }:
                return [];
            case YamlSequenceNode list:
                return [.. list.Children];
            default:
                Complain(key, $"'{key}' must be a list: each entry starts with '- '");
                return [];
        }
    }

    /// <summary>The mapping under a key; null where it is missing.</summary>
    public YamlMappingNode? Mapping(string key)
    {
        switch (Find(key))
        {
            case null:
            case YamlScalarNode { Value: null or "" }:
                return null;
            case YamlMappingNode mapping:
                return mapping;
            default:
                Complain(key, $"'{key}' must be a mapping: 'NAME: value' on each line");
                return null;
        }
    }

    /// <summary>Complains about every key that nobody asked for. Call it last.</summary>
    public void Close()
    {
        foreach (var key in node.Children.Keys)
        {
            var name = (key as YamlScalarNode)?.Value;
            if (name is null || !_known.Contains(name))
            {
                mistakes.Add(key.Start.Line, $"{what} does not know '{name ?? key.ToString()}'; it knows {string.Join(", ", _known.Order(StringComparer.Ordinal))}");
            }
        }
    }

    private YamlNode? Find(string key)
    {
        _known.Add(key);
        return node.Children.TryGetValue(new YamlScalarNode(key), out var found) ? found : null;
    }

    private long LineOf(string key)
    {
        foreach (var name in node.Children.Keys)
        {
            if (name is YamlScalarNode { Value: { } value } && value == key)
            {
                return name.Start.Line;
            }
        }

        return Line;
    }
}
