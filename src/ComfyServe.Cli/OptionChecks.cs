using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace ComfyServe.Cli;

/// <summary>What is checked of values on the command line, in our own words.</summary>
internal static class OptionChecks
{
    /// <summary>Reads and bounds a number; what is not finite is out of bounds.</summary>
    /// <param name="option">The option.</param>
    /// <param name="least">The smallest value.</param>
    /// <param name="most">The largest value.</param>
    public static Option<T> Between<T>(this Option<T> option, T least, T most)
        where T : struct, INumber<T>
    {
        // Not a validator: one that asks for a value which is no number throws.
        option.CustomParser = result => Read(result, option.Name, least, most) ?? default;
        return option;
    }

    /// <summary>As for a number that must be given.</summary>
    public static Option<T?> Between<T>(this Option<T?> option, T least, T most)
        where T : struct, INumber<T>
    {
        option.CustomParser = result => Read(result, option.Name, least, most);
        return option;
    }

    /// <summary>Refuses what is none of some words.</summary>
    public static Option<string> OneOf(this Option<string> option, IReadOnlyList<string> words)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var given] && !words.Contains(given.Value, StringComparer.Ordinal))
            {
                result.AddError($"'{option.Name}' must be one of {string.Join(", ", words)} but is '{given.Value}'");
            }
        });
        return option;
    }

    /// <summary>Lets every command below refuse options whose value is empty.</summary>
    public static void RefuseEmpty(Command command)
    {
        command.Validators.Add(static result =>
        {
            foreach (var option in result.Children.OfType<OptionResult>().Where(static o => o.Tokens.Any(static t => string.IsNullOrWhiteSpace(t.Value))))
            {
                result.AddError($"'{option.Option.Name}' was given an empty value; leave it out, or say what it is to be");
            }
        });
        foreach (var below in command.Subcommands)
        {
            RefuseEmpty(below);
        }
    }

    /// <summary>What is wrong with a value that is no number, or none of the words, where one is wanted; null where it is something else.</summary>
    public static string? Complaint(ParseError error)
    {
        var (name, type) = error.SymbolResult switch
        {
            ArgumentResult { Parent: OptionResult option } => (option.Option.Name, option.Option.ValueType),
            ArgumentResult argument => (argument.Argument.Name, argument.Argument.ValueType),
            OptionResult option => (option.Option.Name, option.Option.ValueType),
            _ => ("", typeof(string)),
        };
        var value = error.SymbolResult?.Tokens is [var token] ? token.Value : "";
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum)
        {
            return $"'{name}' must be one of {string.Join(", ", Enum.GetNames(type).Select(static n => n.ToLowerInvariant()))} but is '{value}'";
        }

        return type == typeof(long) && !long.TryParse(value, CultureInfo.InvariantCulture, out _) ? $"'{name}' must be a whole number but is '{value}'" : null;
    }

    private static T? Read<T>(ArgumentResult result, string name, T least, T most)
        where T : struct, INumber<T>
    {
        var text = result.Tokens is [var token] ? token.Value : "";
        var bounds = string.Create(CultureInfo.InvariantCulture, $"between {least} and {most}");
        if (!T.TryParse(text, CultureInfo.InvariantCulture, out var number))
        {
            result.AddError($"'{name}' must be a {(number is double ? "" : "whole ")}number {bounds} but is '{text}'");
            return null;
        }

        if (!(number >= least && number <= most))
        {
            result.AddError($"'{name}' must be {bounds}");
            return null;
        }

        return number;
    }
}
