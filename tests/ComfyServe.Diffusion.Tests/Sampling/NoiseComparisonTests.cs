using System.Globalization;
using System.Text.RegularExpressions;
using ComfyServe.Diffusion.Sampling.Noise;
using ComfyServe.Diffusion.Tests.Models;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Sampling;

/// <summary>Every recorded stream of random numbers must come out bit for bit.</summary>
[Trait("kind", "comparison")]
public sealed partial class NoiseComparisonTests
{
    private const string FileName = "noise.safetensors";

    public static TheoryData<string> Names() => GoldenTensors.NamesIn(FileName);

    [Theory]
    [MemberData(nameof(Names))]
    public void Noise_RecordedSeed_IsIdentical(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenTensors(FileName);
        var expected = golden[name];

        var actual = Draw(name);

        Assert.SkipWhen(actual is null, $"'{name}' is a kind of stream that is not built");
        Assert.Equal(expected.shape, actual.shape);
        Assert.Equal(expected.dtype, actual.dtype);
        Assert.True(expected.eq(actual).all().item<bool>(), name);
    }

    private static Tensor? Draw(string name)
    {
        if (Initial().Match(name) is { Success: true } initial)
        {
            long[] shape = [.. initial.Groups["shape"].Value.Split('x').Select(long.Parse)];
            return NoiseSource.Initial(ulong.Parse(initial.Groups["seed"].Value, CultureInfo.InvariantCulture), shape);
        }

        var stream = Stream().Match(name);
        if (!stream.Success)
        {
            return null;
        }

        using var generator = NoiseSource.Seeded(ulong.Parse(stream.Groups["seed"].Value));
        var count = long.Parse(stream.Groups["n"].Value);
        var type = stream.Groups["f64"].Success ? float64 : float32;
        return (stream.Groups["kind"].Value, stream.Groups["calls"].Value) switch
        {
            ("randn", "") => randn(count, type, generator: generator),
            ("randn", var calls) => cat([.. Enumerable.Range(0, Calls(calls)).Select(_ => randn(count, type, generator: generator))]),
            ("rand", _) => rand([count], type, generator: generator),
            ("randint", _) => randint(long.Parse(stream.Groups["low"].Value), long.Parse(stream.Groups["high"].Value), [count], int64, generator: generator),
            ("randperm", _) => randperm(count, generator: generator),
            _ => null,
        };
    }

    private static int Calls(string word) => word switch
    {
        "two" => 2,
        "three" => 3,
        "four" => 4,
        _ => int.Parse(word),
    };

    [GeneratedRegex(@"^seed(?<seed>\d+)_(?<shape>\d+(x\d+)*)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Initial();

    [GeneratedRegex(@"^(?<kind>randn|rand|randint|randperm)_seed(?<seed>\d+)(_(?<low>\d+)_(?<high>\d+))?(_(?<f64>f64))?(_n(?<n>\d+)|_(?<calls>\w+)_calls_of_(?<n>\d+))$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Stream();
}
