using System.Text;

namespace ComfyServe.Provisioning.Manifest;

/// <summary>
/// Replaces <c>${NAME}</c>, <c>${NAME:-default}</c> and <c>${NAME:=default}</c> (which also sets the variable for what follows);
/// <c>$${</c> stands for a literal <c>${</c>. It works on values that are parsed already: a value cannot change the manifest's structure.
/// </summary>
internal sealed class VariableExpansion(Func<string, string?> environment)
{
    private readonly Dictionary<string, string> _assigned = new(StringComparer.Ordinal);

    /// <summary>Sets a variable for what follows, above the environment.</summary>
    public void Assign(string name, string value) => _assigned[name] = value;

    /// <summary>The text with its variables replaced.</summary>
    /// <param name="text">The text.</param>
    /// <param name="complain">Called for each mistake.</param>
    public string Expand(string text, Action<string> complain)
    {
        var result = new StringBuilder(text.Length);
        var at = 0;
        while (at < text.Length)
        {
            var next = text.IndexOf("${", at, StringComparison.Ordinal);
            if (next < 0)
            {
                break;
            }

            if (next > at && text[next - 1] == '$')
            {
                result.Append(text, at, next - at - 1).Append("${");
                at = next + 2;
                continue;
            }

            result.Append(text, at, next - at);
            var end = text.IndexOf('}', next);
            if (end < 0)
            {
                complain("'${' without '}'; write '$${' for a literal '${'");
                return result.Append(text, next, text.Length - next).ToString();
            }

            result.Append(Value(text[(next + 2)..end], complain));
            at = end + 1;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }

    private string Value(string expression, Action<string> complain)
    {
        var colon = expression.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? expression : expression[..colon];
        if (name.Length == 0 || char.IsAsciiDigit(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
        {
            complain($"'${{{expression}}}' is not a variable; write ${{NAME}} or ${{NAME:-default}}");
            return "";
        }

        var value = _assigned.GetValueOrDefault(name) ?? environment(name);
        if (colon < 0)
        {
            if (value is null)
            {
                complain($"the variable '{name}' is not set; set it, or write ${{{name}:-default}}");
            }

            return value ?? "";
        }

        if (expression.Length < colon + 2 || expression[colon + 1] is not ('-' or '='))
        {
            complain($"'${{{expression}}}': after the name may come ':-default' or ':=default'");
            return "";
        }

        if (!string.IsNullOrEmpty(value))
        {
            return value;
        }

        var standard = expression[(colon + 2)..];
        if (expression[colon + 1] == '=')
        {
            _assigned[name] = standard;
        }

        return standard;
    }
}
