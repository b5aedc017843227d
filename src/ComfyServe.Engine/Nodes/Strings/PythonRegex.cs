using System.Text;
using System.Text.RegularExpressions;

namespace ComfyServe.Engine.Nodes.Strings;

/// <summary>A pattern in the language of Python's <c>re</c>.</summary>
/// <remarks>
/// .NET's language is nearly the same. Translated are <c>(?P&lt;name&gt;…)</c>, <c>(?P=name)</c>, <c>\Z</c> and
/// <c>{,n}</c>; named groups become plain ones, since .NET would number them behind all others.
/// Matching backtracks, as Python's does: a single match has <see cref="LongestMatch"/>. The platform's engine that does not
/// backtrack is there for matches that take longer; not for all, since it overlooks matches (<c>\d?b</c> in <c>1 aba1b</c>
/// has two, and it finds the second; .NET 10.0.401).
/// </remarks>
internal sealed class PythonRegex
{
    /// <summary>A match cannot be interrupted: an interrupt waits for it at most so long.</summary>
    public static readonly TimeSpan LongestMatch = TimeSpan.FromSeconds(0.8);

    /// <summary>Patterns that would make larger automata are matched by backtracking: each step takes time by their size.</summary>
    private const int LargestAutomaton = 1000;

    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private readonly StringBuilder _translated = new();
    private readonly Lazy<Regex?> _linear;
    private readonly string _pattern;
    private int _groups;
    private int _position;

    /// <summary>Compiles a pattern.</summary>
    /// <exception cref="ArgumentException">The pattern is not valid.</exception>
    /// <exception cref="FormatException">The pattern is not valid in Python; the message says why.</exception>
    public PythonRegex(string pattern, bool caseInsensitive, bool multiline, bool dotAll)
    {
        AppContext.SetData("REGEX_NONBACKTRACKING_MAX_AUTOMATA_SIZE", LargestAutomaton);
        _pattern = pattern;
        Translate();
        var options = RegexOptions.CultureInvariant
            | (caseInsensitive ? RegexOptions.IgnoreCase : RegexOptions.None)
            | (multiline ? RegexOptions.Multiline : RegexOptions.None)
            | (dotAll ? RegexOptions.Singleline : RegexOptions.None);
        Regex = new Regex(_translated.ToString(), options, LongestMatch);
        _linear = new Lazy<Regex?>(() => CompileLinear(_translated.ToString(), options));
    }

    /// <summary>The pattern in .NET's language; groups have Python's numbers.</summary>
    public Regex Regex { get; }

    /// <summary>The same, in time that grows with the text; null where the pattern looks back or around, or is too large.</summary>
    public Regex? Linear => _linear.Value;

    /// <summary>Number of groups.</summary>
    public int Groups => _groups;

    /// <summary>Fills Python's replacement template: <c>\1</c>, <c>\g&lt;name&gt;</c>, <c>\n</c>.</summary>
    /// <param name="template">The template.</param>
    /// <param name="match">What it is filled from.</param>
    /// <param name="result">Receives the text.</param>
    /// <param name="check">Called now and then, and may throw: a template may have as many groups as characters.</param>
    /// <exception cref="FormatException">The template names a group that does not exist, or an unknown escape.</exception>
    public void Expand(string template, Match match, StringBuilder result, Action check)
    {
        for (var i = 0; i < template.Length; i++)
        {
            if (i % 64 == 0)
            {
                check();
            }

            if (template[i] != '\\' || i + 1 == template.Length)
            {
                result.Append(template[i]);
                continue;
            }

            i++;
            if (char.IsAsciiDigit(template[i]))
            {
                var length = i + 1 < template.Length && char.IsAsciiDigit(template[i + 1]) ? 2 : 1;
                result.Append(Group(match, template.Substring(i, length)));
                i += length - 1;
            }
            else if (template[i] == 'g' && i + 1 < template.Length && template[i + 1] == '<' && template.IndexOf('>', i) is > 0 and var end)
            {
                result.Append(Group(match, template[(i + 2)..end]));
                i = end;
            }
            else
            {
                result.Append(Escape(template[i]));
            }
        }
    }

    private static Regex? CompileLinear(string pattern, RegexOptions options)
    {
        try
        {
            return new Regex(pattern, options | RegexOptions.NonBacktracking, LongestMatch);
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }

    private ReadOnlySpan<char> Group(Match match, string name)
    {
        if (!int.TryParse(name, out var number) && !_names.TryGetValue(name, out number))
        {
            throw new FormatException($"unknown group name '{name}'");
        }

        return number <= _groups ? match.Groups[number].ValueSpan : throw new FormatException($"invalid group reference {number}");
    }

    private static string Escape(char letter) => letter switch
    {
        'n' => "\n",
        't' => "\t",
        'r' => "\r",
        'f' => "\f",
        'v' => "\v",
        'a' => "\a",
        'b' => "\b",
        '\\' => "\\",
        _ when char.IsAsciiLetter(letter) => throw new FormatException($"bad escape \\{letter}"),
        _ => "\\" + letter,
    };

    private void Translate()
    {
        var inClass = false;
        while (_position < _pattern.Length)
        {
            var character = _pattern[_position];
            if (character == '\\' && _position + 1 < _pattern.Length)
            {
                Emit(!inClass && _pattern[_position + 1] == 'Z' ? "\\z" : _pattern.Substring(_position, 2), 2);
            }
            else if (inClass)
            {
                // .NET subtracts classes where Python has a plain bracket.
                Emit(character == '[' ? "\\[" : character.ToString(), 1);
                inClass = character != ']';
            }
            else if (character == '[')
            {
                inClass = true;
                Emit(Ahead("[^]") ? "[^\\]" : Ahead("[]") ? "[\\]" : Ahead("[^") ? "[^" : "[", Ahead("[^]") ? 3 : Ahead("[]") || Ahead("[^") ? 2 : 1);
            }
            else if (character == '(')
            {
                TranslateGroup();
            }
            else
            {
                Emit(Ahead("{,") ? "{0," : character.ToString(), Ahead("{,") ? 2 : 1);
            }
        }
    }

    private void TranslateGroup()
    {
        if (Ahead("(?P<"))
        {
            var name = NameUntil('>', 4);
            _names[name] = ++_groups;
            Emit("(", name.Length + 5);
        }
        else if (Ahead("(?P="))
        {
            var name = NameUntil(')', 4);
            var number = _names.TryGetValue(name, out var known) ? known : throw new FormatException($"unknown group name '{name}'");
            Emit($"(?:\\{number})", name.Length + 5);
        }
        else if (Ahead("(?'") || (Ahead("(?<") && !Ahead("(?<=") && !Ahead("(?<!")))
        {
            throw new FormatException($"unknown extension ?{_pattern[_position + 2]} at position {_position + 1}");
        }
        else
        {
            _groups += Ahead("(?") ? 0 : 1;
            Emit("(", 1);
        }
    }

    private string NameUntil(char end, int offset)
    {
        var stop = _pattern.IndexOf(end, _position);
        return stop > _position + offset
            ? _pattern[(_position + offset)..stop]
            : throw new FormatException($"missing group name at position {_position + offset}");
    }

    private bool Ahead(string text) => string.CompareOrdinal(_pattern, _position, text, 0, text.Length) == 0;

    private void Emit(string text, int consumed)
    {
        _translated.Append(text);
        _position += consumed;
    }
}
