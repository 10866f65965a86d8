"""Providers of feature/events."""
from rhosocial.activerecord.testsuite.feature.events.interfaces import IEventsAsyncProvider, IEventsSyncProvider
from suite.fixtures import Area, AsyncProvider, SyncProvider

EVENTS = Area("feature.events", schema="events")
FIXTURES = {
    "setup_event_model": EVENTS.one("EventTestModel"),
    "setup_event_tracking_model": EVENTS.one("EventTrackingModel"),
}


class EventsSyncProvider(SyncProvider, IEventsSyncProvider, fixtures=FIXTURES):
    """feature.events.IEventsSyncProvider"""


class EventsAsyncProvider(AsyncProvider, IEventsAsyncProvider, fixtures=FIXTURES):
    """feature.events.IEventsAsyncProvider"""
