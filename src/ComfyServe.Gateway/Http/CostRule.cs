using System.Globalization;
using ComfyServe.Gateway.Keys;
using ComfyServe.Gateway.Routing;
using ComfyServe.Gateway.Storage;

namespace ComfyServe.Gateway.Http;

/// <summary>How much a caller may say that a request costs: the endpoint's <c>max_cost</c>. What a worker is believed to have to do keeps others from it.</summary>
internal sealed class CostRule(SeatTable seats, RoutingClock clock)
{
    /// <summary>The cost of a caller's request; null with the reason when it is refused.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="caller">The caller.</param>
    /// <param name="given">What it says; null for the standard.</param>
    /// <param name="problem">What is wrong, which and what next.</param>
    /// <param name="isNew">It has not been asked about before: then it counts for the mean.</param>
    public double? Read(EndpointRow endpoint, Caller caller, double? given, out string problem, bool isNew = true)
    {
        problem = "";
        var cost = given ?? CostMeter.Standard;
        if (!(cost > 0) || !double.IsFinite(cost))
        {
            problem = string.Create(CultureInfo.InvariantCulture, $"'cost' wants load units above 0 but is {cost:R}");
            return null;
        }

        var meter = seats.Seat(endpoint.Id).Costs;
        var most = endpoint.Parameters.MaxCost ?? meter.Most(clock.Now);
        if (cost > most)
        {
            problem = string.Create(
                CultureInfo.InvariantCulture,
                $"'cost' is {cost:R} but endpoint '{endpoint.Name}' takes at most {most:0.###} load units ({(endpoint.Parameters.MaxCost is null ? "100 times the mean of its requests" : "its 'max_cost'")}); send less, or set 'max_cost' with 'comfyserve endpoints update'");
            return null;
        }

        if (isNew)
        {
            meter.Note(caller.KeyId, cost, clock.Now);
        }

        return cost;
    }
}
