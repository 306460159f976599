package sandbox

import "time"

// inserts answers the requests to create cases.
type inserts struct {
	faults *misfortunes
	gate   *gate
	world  *world
	store  *store
}

// insert is cases/insertAttach.php. A client that goes away once its request is sent changes
// nothing: the case is created all the same.
//
// A fault is drawn first, so that it depends on nothing that the request says. Faults that strike
// instead of the case come after the body is read, since a real server's do, and cost nothing of
// the quota.
func (i *inserts) insert(q *call) (answer, error) {
	f := i.faults.draw()
	if f.when == onArrival {
		return i.faults.without(f), nil
	}
	if err := i.gate.admit(q); err != nil {
		return answer{}, err
	}
	b, err := readBody(q.Body)
	if err != nil {
		return answer{}, err
	}
	if err := i.gate.pass(b.fields); err != nil {
		return answer{}, err
	}
	if f.when == instead {
		return i.faults.without(f), nil
	}
	if err := i.gate.charge(q); err != nil {
		return answer{}, err
	}
	if err := i.world.check(b); err != nil {
		return answer{}, err
	}
	return i.create(q, f, b)
}

// create keeps the case and answers, when and as the fault wants it.
func (i *inserts) create(q *call, f fault, b body) (answer, error) {
	switch f.when {
	case slowly:
		time.Sleep(i.faults.SlowBy)
	case behind:
		token := q.token
		// Nobody is left to be told of an error.
		time.AfterFunc(i.faults.SlowBy, func() { i.store.create(token, f.name, b) })
		return i.faults.without(f), nil
	}
	k, err := i.store.create(q.token, f.name, b)
	if err != nil {
		return answer{}, err
	}
	if f.when == lately {
		select {
		case <-time.After(i.faults.LateBy):
		case <-q.Context().Done(): // the client has not waited so long
		}
	}
	return i.faults.strike(f, k), nil
}
