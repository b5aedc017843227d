using ComfyServe.Autoscaling.Simulation;
using ComfyServe.Autoscaling.Simulation.Policies;

namespace ComfyServe.Autoscaling.Tests.Simulation;

public sealed class ScalingComparisonTests
{
    [Theory]
    [InlineData(ScalingComparison.Seed)]
    [InlineData(1)]
    public void OurPolicy_OnEachTrace_IsOnTheParetoFront(int seed)
    {
        var results = ScalingComparison.Run(seed);
        TestContext.Current.SendDiagnosticMessage(ScalingComparison.Table(results));

        foreach (var ours in results.Where(r => r.Policy == "ComfyServe"))
        {
            Assert.Equal(0, ours.Unserved);
            Assert.DoesNotContain(results, o => o.Trace == ours.Trace && ScalingComparison.Dominates(o, ours));
        }
    }

    [Fact]
    public void Simulation_SameSeed_SameResult()
    {
        var burst = LoadTraces.All(7)[1];
        SimulationResult Run() => FleetSimulation.Run(burst, new OurPolicy(ScalingComparison.Parameters, new ScalingHabits()), ScalingComparison.Fleet, 7);

        Assert.Equal(Run(), Run());
    }

    [Fact]
    public void Clairvoyant_TwoRequestsApart_StartsAgainWhenThatIsCheaper()
    {
        var fleet = new SimulatedFleet { Cost = 100, Perf = 20, StartTime = 20 };

        var near = Clairvoyant.WorkerSeconds(new LoadTrace("t", 1000, [0, 10], []), fleet);
        var far = Clairvoyant.WorkerSeconds(new LoadTrace("t", 1000, [0, 500], []), fleet);

        Assert.Equal(20 + 5 + 5 + 5, near);
        Assert.Equal(20 + 5 + 20 + 5, far);
    }
}
