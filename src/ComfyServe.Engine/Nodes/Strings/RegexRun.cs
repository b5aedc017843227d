using System.Text;
using System.Text.RegularExpressions;

namespace ComfyServe.Engine.Nodes.Strings;

/// <summary>The matches of one node: bounded together in time, and in the text that they make.</summary>
internal sealed class RegexRun
{
    private readonly PythonRegex _pattern;
    private readonly NodeContext _context;
    private readonly StringBuilder _result = new();
    private readonly long _start;
    private bool _isLinear;

    /// <summary>Begins; time counts from here.</summary>
    public RegexRun(PythonRegex pattern, NodeContext context)
    {
        (_pattern, _context) = (pattern, context);
        _start = context.Clock.GetTimestamp();
    }

    /// <summary>The matches from left to right.</summary>
    /// <exception cref="NodeException">They take too long.</exception>
    /// <exception cref="OperationCanceledException">The user interrupted the prompt.</exception>
    public IEnumerable<Match> Matches(string text)
    {
        for (var match = First(text); match.Success; match = Next(text, match))
        {
            Check();
            yield return match;
        }
    }

    /// <summary>A group of each match, each on a line of its own.</summary>
    public string Join(string text, int group)
    {
        var isFirst = true;
        foreach (var match in Matches(text))
        {
            _ = isFirst ? _result : _result.Append('\n');
            isFirst = false;
            _result.Append(match.Groups[group].ValueSpan);
            Check();
        }

        return _result.ToString();
    }

    /// <summary>The text with matches replaced.</summary>
    /// <param name="text">The text.</param>
    /// <param name="template">In Python's language.</param>
    /// <param name="count">How many matches; 0 for all.</param>
    public string Replace(string text, string template, long count)
    {
        var (done, end) = (0L, 0);
        foreach (var match in Matches(text))
        {
            _result.Append(text, end, match.Index - end);
            _pattern.Expand(template, match, _result, Check);
            end = match.Index + match.Length;
            if (++done == count)
            {
                break;
            }
        }

        _result.Append(text, end, text.Length - end);
        Check();
        return _result.ToString();
    }

    private Match First(string text)
    {
        try
        {
            return _pattern.Regex.Match(text);
        }
        catch (RegexMatchTimeoutException exception)
        {
            return WithoutBacktracking(text, 0, exception);
        }
    }

    private Match Next(string text, Match match)
    {
        try
        {
            return match.NextMatch();
        }
        catch (RegexMatchTimeoutException exception)
        {
            // After an empty match the next one begins a character later.
            return WithoutBacktracking(text, match.Index + Math.Max(match.Length, 1), exception);
        }
    }

    /// <summary>Goes on with the engine that does not backtrack, once for the rest of the text.</summary>
    private Match WithoutBacktracking(string text, int start, RegexMatchTimeoutException cause)
    {
        Check();
        if (_isLinear || _pattern.Linear is not { } linear)
        {
            throw TooLong(cause);
        }

        _isLinear = true;
        try
        {
            return start > text.Length ? Match.Empty : linear.Match(text, start);
        }
        catch (RegexMatchTimeoutException exception)
        {
            throw TooLong(exception);
        }
    }

    private void Check()
    {
        _context.Interrupted.ThrowIfCancellationRequested();
        _context.Limits.CheckText(_result.Length);
        if (_context.Clock.GetElapsedTime(_start) > _context.Limits.Regex)
        {
            throw TooLong(null);
        }
    }

    private NodeException TooLong(Exception? exception)
    {
        _context.Interrupted.ThrowIfCancellationRequested();
        return RunLimits.Exceeded(
            "regex",
            $"the regular expression takes longer than {_context.Limits.Regex.TotalSeconds:0.###} s, or one match of it longer than {PythonRegex.LongestMatch.TotalSeconds:0.#} s",
            exception);
    }
}
