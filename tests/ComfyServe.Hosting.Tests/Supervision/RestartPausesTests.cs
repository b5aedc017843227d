using ComfyServe.Hosting.Supervision;
using CsCheck;

namespace ComfyServe.Hosting.Tests.Supervision;

public sealed class RestartPausesTests
{
    [Fact]
    public void After_EndsInARow_DoublesUpToTheLongest()
    {
        var pauses = new RestartPauses();

        var seconds = Enumerable.Range(0, 9).Select(_ => pauses.After(TimeSpan.Zero).TotalSeconds);

        Assert.Equal([0.5, 1, 2, 4, 8, 16, 30, 30, 30], seconds);
    }

    [Fact]
    public void After_TimeInHealth_BeginsAgain()
    {
        var pauses = new RestartPauses();
        pauses.After(TimeSpan.Zero);
        pauses.After(TimeSpan.FromSeconds(59));

        Assert.Equal(0.5, pauses.After(TimeSpan.FromMinutes(1)).TotalSeconds);
        Assert.Equal(1, pauses.After(TimeSpan.Zero).TotalSeconds);
    }

    [Fact]
    public void After_AnyEnds_StaysBetweenFirstAndLongest() => Gen.Int[0, 200].Array[0, 100].Sample(readySeconds =>
    {
        var pauses = new RestartPauses();
        return readySeconds.All(s => pauses.After(TimeSpan.FromSeconds(s)) is var pause && pause >= pauses.First && pause <= pauses.Longest);
    });
}
