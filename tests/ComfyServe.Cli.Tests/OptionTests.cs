using System.CommandLine;
using System.Text.Json.Nodes;

namespace ComfyServe.Cli.Tests;

/// <summary>Issue 11: every option of every verb is tried with what people mistype. Generated from the commands themselves.</summary>
public sealed class OptionTests
{
    private static readonly string[] Values = ["abc", "-1", "", "99999999999999999999999999", "1e999", "NaN"];

    public static TheoryData<string, string, string> Cases() =>
        [.. from line in Leaves(CommandLine.Build(), "")
            from option in line.Command.Options
            where option.ValueType != typeof(bool) && option.Name.StartsWith("--", StringComparison.Ordinal)
            from value in Values
            select (line.Path, option.Name, value)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Parse_WhatPeopleMistype_IsTakenOrRefusedInOurWords(string verb, string option, string value)
    {
        var parsed = CommandLine.Build().Parse([.. verb.Split(' '), option, value]);
        var (output, errors) = (new StringWriter(), new StringWriter());
        var isRefused = Verb.IsRefused(parsed);
        if (isRefused)
        {
            Verb.Refuse(parsed, output, errors);
        }

        var type = parsed.CommandResult.Command.Options.Single(o => o.Name == option).ValueType;
        var said = errors.ToString();
        Assert.DoesNotContain("System.", said, StringComparison.Ordinal);
        Assert.DoesNotContain("expected type", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
        if (value.Length == 0 || (IsNumber(type) && value != "-1"))
        {
            Assert.True(isRefused, $"'{verb} {option} {value}' was taken");
            Assert.Contains($"'{option}'", said, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("logs e --tail -1", "'--tail' must be between 0 and 2147483647")]
    [InlineData("logs e --tail abc", "'--tail' must be a whole number between 0 and 2147483647 but is 'abc'")]
    [InlineData("clean --max-age 1e300", "'--max-age' must be between 0 and 1000000")]
    [InlineData("train-starter --denoiser-minutes Infinity", "'--denoiser-minutes' must be between 0.001 and 1000000")]
    [InlineData("evaluate-starter --cfg NaN", "'--cfg' must be between 0 and 1000")]
    [InlineData("keys revoke abc", "'ID' must be a whole number but is 'abc'")]
    [InlineData("engine --cache-lru -1", "'--cache-lru' must be between 0 and 2147483647")]
    [InlineData("engine --host abc", "'--host abc' is not an IP address; 127.0.0.1 is for this machine only, 0.0.0.0 for all that can reach it")]
    [InlineData("run w.json --output ", "'--output' was given an empty value; leave it out, or say what it is to be")]
    public void Refuse_NumberOrTextThatCannotBe_SaysWhichAndWhatCan(string line, string reason)
    {
        var errors = new StringWriter();

        Verb.Refuse(CommandLine.Build().Parse(line.EndsWith(' ') ? [.. line.TrimEnd().Split(' '), ""] : line.Split(' ')), new StringWriter(), errors);

        Assert.Equal($"comfyserve: {reason}", errors.ToString().Split('\n')[0].TrimEnd('\r'));
    }

    [Fact]
    public void Parse_CacheLruOfZero_IsTaken() => Assert.False(Verb.IsRefused(CommandLine.Build().Parse("engine --cache-lru 0")));

    [Fact]
    public void Refuse_WithJson_IsJson()
    {
        var output = new StringWriter();

        Verb.Refuse(CommandLine.Build().Parse("logs e --tail abc --json"), output, new StringWriter());

        var error = JsonNode.Parse(output.ToString())!["error"]!;
        Assert.Equal(ExitCodes.Usage, (int)error["exit_code"]!);
        Assert.Contains("'--tail'", (string?)error["message"], StringComparison.Ordinal);
    }

    [Fact]
    public void Fail_WithJson_IsJson()
    {
        var output = new StringWriter();

        Verb.Fail("it broke", ExitCodes.Unreachable, output);

        Assert.Equal("""{"error":{"message":"it broke","exit_code":3}}""", JsonNode.Parse(output.ToString())!.ToJsonString());
    }

    private static bool IsNumber(Type type) => (Nullable.GetUnderlyingType(type) ?? type) is var plain && (plain == typeof(int) || plain == typeof(long) || plain == typeof(ulong) || plain == typeof(double));

    private static IEnumerable<(string Path, Command Command)> Leaves(Command command, string path) => command.Subcommands.Count == 0
        ? [(path, command)]
        : command.Subcommands.SelectMany(c => Leaves(c, $"{path} {c.Name}".Trim()));
}
