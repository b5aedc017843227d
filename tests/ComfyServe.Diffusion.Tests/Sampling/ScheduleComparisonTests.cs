using System.Globalization;
using System.Text.Json;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Sampling.Samplers;
using ComfyServe.Diffusion.Sampling.Schedules;
using ComfyServe.Testing;

namespace ComfyServe.Diffusion.Tests.Sampling;

/// <summary>Every recorded sigma must be met to a millionth.</summary>
[Trait("kind", "comparison")]
public sealed class ScheduleComparisonTests
{
    private const double Tolerance = 1e-6;
    private const string Recorded = "sigmas.json";
    private static readonly DiscreteSchedule Schedule = DiscreteSchedule.StableDiffusion;

    static ScheduleComparisonTests() => TorchRuntime.Initialize();

    public static TheoryData<string> SchedulerCases() => Keys("calculate_sigmas");

    public static TheoryData<string> SamplerCases() => Keys("ksampler_sigmas");

    [Fact]
    public void Sigmas_OfTheModel_EqualComfyUis()
    {
        var recorded = Read();

        Close(recorded.GetProperty("model_sampling_sigmas"), [.. Schedule.Sigmas]);
        Close(recorded.GetProperty("sigma_min").GetDouble(), Schedule.SigmaMin);
        Close(recorded.GetProperty("sigma_max").GetDouble(), Schedule.SigmaMax);
    }

    [Theory]
    [MemberData(nameof(SchedulerCases))]
    public void Scheduler_RecordedSteps_GivesTheSameSigmas(string key)
    {
        var parts = key.Split('/');
        Assert.SkipUnless(Schedulers.Names.Contains(parts[0]), $"the scheduler '{parts[0]}' is not built");

        var sigmas = Schedulers.Get(parts[0]).Sigmas(Schedule, int.Parse(parts[1]));

        Close(Read().GetProperty("calculate_sigmas").GetProperty(key), sigmas);
    }

    [Theory]
    [MemberData(nameof(SamplerCases))]
    public void SamplingSigmas_RecordedRun_GivesTheSameSigmas(string key)
    {
        var parts = key.Split('/');
        Assert.SkipUnless(SamplerCatalog.Names.Contains(parts[0]), $"the sampler '{parts[0]}' is not built");
        Assert.SkipUnless(Schedulers.Names.Contains(parts[1]), $"the scheduler '{parts[1]}' is not built");
        var denoise = double.Parse(parts[3], CultureInfo.InvariantCulture);

        var sigmas = SamplingSigmas.Compute(
            Schedulers.Get(parts[1]), Schedule, int.Parse(parts[2]), denoise, SamplerCatalog.Get(parts[0]).SkipsPenultimate);

        Close(Read().GetProperty("ksampler_sigmas").GetProperty(key), sigmas);
    }

    [Fact]
    public void Conversions_RecordedPairs_GiveTheSame()
    {
        var recorded = Read();

        Assert.All(Pairs(recorded, "timestep_of_sigma"), pair => Assert.Equal((int)pair.To, Schedule.TimestepOf(pair.From)));
        Assert.All(Pairs(recorded, "sigma_of_timestep"), pair => Close(pair.To, Schedule.SigmaOf(pair.From)));
        Assert.All(Pairs(recorded, "percent_to_sigma"), pair => Close(pair.To, Schedule.PercentToSigma(pair.From)));
    }

    private static TheoryData<string> Keys(string name) => RecordedData.Missing(Recorded) is { } reason
        ? [new TheoryDataRow<string>(Recorded) { Skip = reason }]
        : [.. Read().GetProperty(name).EnumerateObject().Select(p => p.Name)];

    private static JsonElement Read()
    {
        Assert.SkipWhen(RecordedData.Missing(Recorded) is not null, RecordedData.Missing(Recorded) ?? "");
        return RecordedJson.Read(RecordedData.Golden(Recorded));
    }

    private static IEnumerable<(double From, double To)> Pairs(JsonElement recorded, string name) =>
        recorded.GetProperty(name).EnumerateArray().Select(pair => (pair[0].GetDouble(), pair[1].GetDouble()));

    private static void Close(JsonElement expected, float[] actual)
    {
        Assert.Equal(expected.GetArrayLength(), actual.Length);
        foreach (var (recorded, value) in expected.EnumerateArray().Zip(actual))
        {
            Close(RecordedJson.Number(recorded), value);
        }
    }

    private static void Close(double expected, double actual) => Assert.True(
        expected.Equals(actual) || Math.Abs(expected - actual) <= Tolerance * Math.Abs(expected),
        $"expected {expected:R} but got {actual:R}");
}
